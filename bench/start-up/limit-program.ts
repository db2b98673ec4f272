/**
 * The least that small commands could take: the system calls that they make, by the same functions of the runtime, and
 * nothing else. No key is parsed, nothing is decided, and nothing is done if a call fails.
 *
 * `limit-program hash FILE`, `limit-program miss CACHE DESTINATION`, `limit-program hit CACHE DESTINATION OBJECT…`
 */
import { dlopen, ptr } from "bun:ffi";

const STDOUT = 1;
const STDERR = 2;
const libc = dlopen("libc.so.6", {
  openat: { args: ["i32", "ptr", "i32", "u32"], returns: "i32" },
  statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: "i64" },
  write: { args: ["i32", "ptr", "u64"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  fchmod: { args: ["i32", "u32"], returns: "i32" },
  futimens: { args: ["i32", "ptr"], returns: "i32" },
  utimensat: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  getdents64: { args: ["i32", "ptr", "u64"], returns: "i32" },
  mkdir: { args: ["ptr", "u32"], returns: "i32" },
  rename: { args: ["ptr", "ptr"], returns: "i32" },
  unlink: { args: ["ptr"], returns: "i32" },
  rmdir: { args: ["ptr"], returns: "i32" },
}).symbols;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const STATX_ALL_BUT_ATIME = 0x7df;
const O_RDONLY = 0;
const O_RDWR_CREAT = 0o102;
const O_WRONLY_CREAT_EXCL = 0o301;
const O_WRONLY_CREAT_APPEND = 0o2101;
const LOCK_EXCLUSIVE = 2;

const status = new Uint8Array(256);
const content = new Uint8Array(64 * 1024);
const encoder = new TextEncoder();
const pathOf = (text: string) => ptr(encoder.encode(`${text}\0`));
const open = (path: string, flags: number, mode = 0): number =>
  libc.openat(AT_FDCWD, pathOf(path), flags, mode);
const look = (path: string): number =>
  libc.statx(AT_FDCWD, pathOf(path), 0, STATX_ALL_BUT_ATIME, ptr(status));
const lookAt = (descriptor: number): number =>
  libc.statx(descriptor, pathOf(""), AT_EMPTY_PATH, STATX_ALL_BUT_ATIME, ptr(status));

const rename = (from: string, to: string): number => libc.rename(pathOf(from), pathOf(to));

function list(path: string): void {
  const descriptor = open(path, O_RDONLY);
  while (libc.getdents64(descriptor, ptr(content), content.length) > 0);
  libc.close(descriptor);
}

function writeLine(descriptor: number, line: string): void {
  const text = encoder.encode(`${line}\n`);
  libc.write(descriptor, ptr(text), text.length);
}

function read(path: string): number {
  const descriptor = open(path, O_RDONLY);
  if (descriptor < 0) return 0;
  lookAt(descriptor);
  const length = Number(libc.read(descriptor, ptr(content), content.length));
  libc.close(descriptor);
  return length;
}

function openCache(root: string, destination: string): void {
  look(root);
  list(root);
  read(`${root}/format`);
  for (const path of [destination, ".", root, "..", "../..", "/tmp", "/"]) look(path);
}

function count(root: string, outcome: string): void {
  const descriptor = open(`${root}/restore-counts/2026-01-01-${outcome}`, O_WRONLY_CREAT_APPEND, 0o644);
  lookAt(descriptor);
  libc.write(descriptor, ptr(content), 1);
  libc.close(descriptor);
}

function place(root: string, destination: string, objects: readonly string[]): void {
  const [session, staging] = [`${root}/sessions/limit`, `${destination}.staging`];
  read(`${root}/keys/key`);
  list(`${root}/unflushed`);
  read(`${root}/manifests/0`);
  libc.utimensat(AT_FDCWD, pathOf(`${root}/keys/key`), null, 0);
  libc.mkdir(pathOf(`${session}.new`), 0o755);
  const lock = open(`${session}.new/lock`, O_RDWR_CREAT, 0o600);
  libc.flock(lock, LOCK_EXCLUSIVE);
  rename(`${session}.new`, session);
  for (const object of objects) look(object);
  list(destination.slice(0, destination.lastIndexOf("/")));
  libc.mkdir(pathOf(staging), 0o755);
  for (const [index, object] of objects.entries()) copy(object, `${staging}/${index}.txt`);
  libc.utimensat(AT_FDCWD, pathOf(staging), null, 0);
  rename(staging, destination);
  libc.unlink(pathOf(`${session}/lock`));
  libc.close(lock);
  libc.rmdir(pathOf(session));
}

function copy(object: string, to: string): void {
  look(object);
  const length = read(object);
  const descriptor = open(to, O_WRONLY_CREAT_EXCL, 0o600);
  libc.write(descriptor, ptr(content), length);
  libc.fchmod(descriptor, 0o644);
  libc.futimens(descriptor, null);
  libc.close(descriptor);
  look(object);
}

const [command = "", path = "", destination = "", ...objects] = process.argv.slice(2);
const root = `${path}/btdt-v1`;
switch (command) {
  case "hash": {
    const digest = new Uint8Array(32);
    Bun.SHA256.hash(content.subarray(0, read(path)), digest);
    writeLine(STDOUT, Buffer.from(digest.buffer).toString("hex"));
    break;
  }
  case "miss":
    openCache(root, destination);
    read(`${root}/keys/none`);
    count(root, "miss");
    for (let line = 0; line < 3; line++) writeLine(STDERR, "a line");
    list(`${root}/keys`);
    break;
  default:
    openCache(root, destination);
    place(root, destination, objects);
    count(root, "hit");
    writeLine(STDOUT, "a line");
    writeLine(STDERR, "a line");
}
process.exit(0);
