import { afterAll, beforeAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ByteString, bytesFromText } from "../../../src/base/byte-string.ts";
import { errnoOf } from "../../../src/fs/errno.ts";
import { constants } from "../../../src/fs/file-constants.ts";
import { openFile, pread, pwrite, writeNext } from "../../../src/fs/native/descriptor-calls.ts";
import { listNames, listPlainNames } from "../../../src/fs/native/list-names.ts";
import { chmod, mkdir, rename, rmdir, unlink } from "../../../src/fs/native/path-calls.ts";
import { closeQuickly } from "../../../src/fs/native/quick-file.ts";
import { readRealPath } from "../../../src/fs/native/real-path.ts";

/** Not open. */
const NO_DESCRIPTOR = 1_000_000;

let scratch = "";
const at = (name: string): ByteString => bytesFromText(join(scratch, name));

beforeAll(() => {
  scratch = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "btdt-calls-")));
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}

function detailsOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    const { code, syscall, path, dest } = error as Record<string, unknown>;
    return { code, syscall, path, dest };
  }
  throw new Error("nothing failed");
}

test("constants are those of node:fs", () => {
  for (const [name, value] of Object.entries(constants)) {
    expect({ name, value }).toEqual({ name, value: fs.constants[name as keyof typeof fs.constants] });
  }
});

test("what succeeds does what its name says", () => {
  mkdir(at("made"), 0o750);
  chmod(at("made"), 0o711);
  expect(fs.statSync(join(scratch, "made")).mode & 0o777).toBe(0o711);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
  const descriptor = openFile(at("made/é"), flags, 0o640);
  expect(writeNext(descriptor, Buffer.from("-first"), 1)).toBe(5);
  expect(pwrite(descriptor, Buffer.from("xxsecondxx"), 2, 6, 5)).toBe(6);
  const into = Buffer.alloc(16);
  expect(pread(descriptor, into, 4, 20 - 8, 0)).toBe(11);
  expect(into.toString("latin1", 4, 15)).toBe("firstsecond");
  expect(pread(descriptor, into, 0, 16, 11)).toBe(0);
  expect(pread(descriptor, into, 0, 0, 0)).toBe(0);
  closeQuickly(descriptor);
  rename(at("made/é"), at("made/ü"));
  expect(listNames(at("made"))).toEqual([bytesFromText("ü")]);
  unlink(at("made/ü"));
  rmdir(at("made"));
  expect(fs.existsSync(join(scratch, "made"))).toBe(false);
});

test("what fails throws the error of node:fs", () => {
  fs.writeFileSync(join(scratch, "file"), "");
  fs.mkdirSync(join(scratch, "full"));
  fs.writeFileSync(join(scratch, "full", "file"), "");
  const long = at("x".repeat(300));
  const endless = at("x/".repeat(4000));
  expect({
    opened: codeOf(() => openFile(at("missing"), constants.O_RDONLY)),
    exclusive: codeOf(() => openFile(at("file"), constants.O_CREAT | constants.O_EXCL)),
    longName: codeOf(() => openFile(long, constants.O_RDONLY)),
    longPath: codeOf(() => openFile(endless, constants.O_RDONLY)),
    made: codeOf(() => mkdir(at("file"))),
    renamed: codeOf(() => rename(at("missing"), at("file"))),
    unlinked: codeOf(() => unlink(at("missing"))),
    removed: codeOf(() => rmdir(at("full"))),
    changed: codeOf(() => chmod(at("missing"), 0o700)),
    listed: codeOf(() => listNames(at("missing"))),
    fileListed: codeOf(() => listPlainNames(at("file"))),
    read: codeOf(() => pread(NO_DESCRIPTOR, Buffer.alloc(1), 0, 1, 0)),
    written: codeOf(() => pwrite(NO_DESCRIPTOR, Buffer.alloc(1), 0, 1, 0)),
    writtenNext: codeOf(() => writeNext(NO_DESCRIPTOR, Buffer.alloc(1), 0)),
    real: codeOf(() => readRealPath(at("missing"))),
  }).toEqual({
    opened: "ENOENT",
    exclusive: "EEXIST",
    longName: "ENAMETOOLONG",
    longPath: "ENAMETOOLONG",
    made: "EEXIST",
    renamed: "ENOENT",
    unlinked: "ENOENT",
    removed: "ENOTEMPTY",
    changed: "ENOENT",
    listed: "ENOENT",
    fileListed: "ENOTDIR",
    read: "EBADF",
    written: "EBADF",
    writtenNext: "EBADF",
    real: "ENOENT",
  });
});

test("errors say what was called, and for which paths, like those of node:fs", () => {
  const [missing, other] = [join(scratch, "missing-é"), join(scratch, "other")];
  const pairs: readonly (readonly [() => unknown, () => unknown])[] = [
    [() => openFile(at("missing-é"), constants.O_RDONLY), () => fs.openSync(missing, "r")],
    [() => mkdir(at("missing-é/a")), () => fs.mkdirSync(join(missing, "a"))],
    [() => rename(at("missing-é"), at("other")), () => fs.renameSync(missing, other)],
    [() => unlink(at("missing-é")), () => fs.unlinkSync(missing)],
    [() => rmdir(at("missing-é")), () => fs.rmdirSync(missing)],
    [() => chmod(at("missing-é"), 0o700), () => fs.chmodSync(missing, 0o700)],
  ];
  for (const [ours, theirs] of pairs) expect(detailsOf(ours)).toEqual(detailsOf(theirs));
});

test("a path with a NUL is refused, and names no other file", () => {
  fs.writeFileSync(join(scratch, "victim"), "kept");
  for (const attempt of [
    unlink,
    rmdir,
    (path: ByteString) => chmod(path, 0),
    (path: ByteString) => mkdir(path),
  ])
    expect(() => attempt(at("victim\0.new"))).toThrow();
  expect(() => openFile(at("victim\0.new"), constants.O_RDONLY)).toThrow();
  expect(() => rename(at("victim\0.new"), at("elsewhere"))).toThrow();
  expect(fs.readFileSync(join(scratch, "victim"), "utf8")).toBe("kept");
});

test("listings tell files and directories from the rest", () => {
  fs.mkdirSync(join(scratch, "kinds"));
  fs.mkdirSync(join(scratch, "kinds", "directory"));
  fs.writeFileSync(join(scratch, "kinds", "file"), "");
  fs.symlinkSync("file", join(scratch, "kinds", "symlink"));
  const listed = listPlainNames(at("kinds")).map(({ name, isPlain }) => [name, isPlain]);
  expect(Object.fromEntries(listed)).toEqual({ directory: true, file: true, symlink: false });
});

test("a real path is free of symlinks, and .. is what the system finds", () => {
  fs.mkdirSync(join(scratch, "real", "inner"), { recursive: true });
  fs.symlinkSync("real/inner", join(scratch, "short"));
  expect(readRealPath(bytesFromText(`${scratch}/short/..`))).toBe(at("real"));
});
