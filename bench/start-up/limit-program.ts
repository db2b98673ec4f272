/**
 * The least that `btdt hash FILE` could be: the same system calls, by the same functions of the runtime, and nothing else.
 */
import { dlopen, ptr } from "bun:ffi";
import { writeSync } from "node:fs";

const STDOUT = 1;
const { openat, statx, read, close } = dlopen("libc.so.6", {
  openat: { args: ["i32", "ptr", "i32", "u32"], returns: "i32" },
  statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
}).symbols;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const STATX_ALL_BUT_ATIME = 0x7df;

const status = new Uint8Array(256);
const content = new Uint8Array(64 * 1024);
const digest = new Uint8Array(32);
const descriptor = openat(AT_FDCWD, ptr(Buffer.from(`${process.argv[2] ?? ""}\0`)), 0, 0);
statx(descriptor, ptr(Buffer.from("\0")), AT_EMPTY_PATH, STATX_ALL_BUT_ATIME, ptr(status));
const length = Number(read(descriptor, ptr(content), content.length));
close(descriptor);
Bun.SHA256.hash(content.subarray(0, length), digest);
writeSync(STDOUT, `${Buffer.from(digest.buffer).toString("hex")}\n`);
