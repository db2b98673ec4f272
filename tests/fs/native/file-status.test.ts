import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import * as fc from "fast-check";
import { type ByteString, bytesFromText, fsPath } from "../../../src/base/byte-string.ts";
import {
  emptyStatus,
  type FileStatus,
  fstat,
  isSameFile,
  isUnchanged,
  lstat,
  lstatBuffer,
  lstatPortable,
  mtimeMs,
} from "../../../src/fs/native/file-status.ts";
import { PathBuffer } from "../../../src/fs/native/path-buffer.ts";
import { setMtimeBuffer, touch } from "../../../src/fs/native/set-times.ts";
import { names } from "../../support/listed-tree.ts";
import { Scratch } from "../../support/scratch.ts";

const scratch = Scratch.use();
const b = bytesFromText;

function expectSameAsNode(path: ByteString): void {
  const stats = lstatSync(fsPath(path), { bigint: true });
  const fast = lstat(path);
  if (fast === undefined) throw new Error(`${path} is missing`);
  const portable = emptyStatus();
  expect(lstatPortable(path, portable)).toBe(true);
  expect(fast).toEqual(portable);
  expect(kindOf(stats)).toBe(fast.kind);
  expect({
    mode: BigInt(fast.mode),
    size: BigInt(fast.sizeBytes),
    blocks: BigInt(fast.allocatedBytes / 512),
    mtime: BigInt(fast.mtimeSeconds) * 1_000_000_000n + BigInt(fast.mtimeNanoseconds),
    ctime: BigInt(fast.ctimeSeconds) * 1_000_000_000n + BigInt(fast.ctimeNanoseconds),
    links: BigInt(fast.linkCount),
    inode: BigInt(fast.inodeHigh) * 2n ** 32n + BigInt(fast.inodeLow),
  }).toEqual({
    mode: stats.mode & 0o7777n,
    size: stats.size,
    blocks: stats.blocks,
    mtime: stats.mtimeNs,
    ctime: stats.ctimeNs,
    links: stats.nlink,
    inode: stats.ino,
  });
}

function kindOf(stats: BigIntStats): FileStatus["kind"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  return stats.isSymbolicLink() ? "symlink" : "other";
}

describe("lstat agrees with node:fs", () => {
  let directory = "";
  let server: Server;
  const at = (name: string): string => join(directory, name);
  beforeEach(() => {
    directory = scratch.freshDirectory();
    writeFileSync(at("file"), "content");
    writeFileSync(at("empty"), "");
    writeFileSync(at("setuid"), "x");
    chmodSync(at("setuid"), 0o6751);
    writeFileSync(at("sparse"), "");
    truncateSync(at("sparse"), 6 * 2 ** 30);
    linkSync(at("file"), at("hard-link"));
    mkdirSync(at("directory"));
    chmodSync(at("directory"), 0o1777);
    symlinkSync("file", at("symlink"));
    symlinkSync("nowhere", at("dangling"));
    Bun.spawnSync(["mkfifo", at("pipe")]);
    server = createServer().listen(at("socket"));
  });
  afterEach(() => server.close());

  const listed = [
    "file",
    "empty",
    "setuid",
    "sparse",
    "hard-link",
    "directory",
    "symlink",
    "dangling",
    "pipe",
    "socket",
  ];
  for (const name of listed) {
    test(`for ${name}`, () => expectSameAsNode(b(at(name))));
  }
  for (const path of ["/dev/null", "/proc/self", "/proc/self/status", "/"]) {
    test(`for ${path}`, () => {
      const status = lstat(b(path));
      const stats = lstatSync(path);
      expect([status?.mode, status?.sizeBytes]).toEqual([stats.mode & 0o7777, stats.size]);
    });
  }

  test("and fstat with both", () => {
    const descriptor = openSync(at("file"), "r");
    const status = emptyStatus();
    fstat(descriptor, status);
    closeSync(descriptor);
    expect(status).toEqual(lstat(b(at("file"))) ?? emptyStatus());
  });

  test("for any name", () => {
    const parent = b(scratch.freshDirectory());
    fc.assert(
      fc.property(names, (name) => {
        const path = `${parent}/${name}` as ByteString;
        writeFileSync(fsPath(path), "x");
        expectSameAsNode(path);
      }),
      { numRuns: 100 },
    );
  });

  test("a missing file is not an error, an inaccessible one is", () => {
    expect(lstat(b(at("missing")))).toBeUndefined();
    expect(lstat(b(at("missing/below")))).toBeUndefined();
    expect(() => lstat(b(at("file/below")))).toThrow(expect.objectContaining({ code: "ENOTDIR" }));
    expect(() => lstat(b(at("x".repeat(300))))).toThrow(expect.objectContaining({ code: "ENAMETOOLONG" }));
  });

  test("one file by two names", () => {
    const [file, hardLink, other] = ["file", "hard-link", "empty"].map(
      (name) => lstat(b(at(name))) ?? emptyStatus(),
    );
    if (file === undefined || hardLink === undefined || other === undefined) throw new Error("unreachable");
    expect([isSameFile(file, hardLink), isSameFile(file, other)]).toEqual([true, false]);
    expect([isUnchanged(file, hardLink), isUnchanged(file, { ...file, mtimeNanoseconds: 1 })]).toEqual([
      true,
      false,
    ]);
  });
});

describe("times", () => {
  test("are exact to the nanosecond, before 1970 too", () => {
    const path = new PathBuffer().set(b(scratch.fresh()));
    writeFileSync(fsPath(path.toBytes()), "x");
    const status = emptyStatus();
    fc.assert(
      fc.property(
        // What ext4 with 256-byte inodes keeps.
        fc.integer({ min: -2_147_483_647, max: 15_032_385_534 }),
        fc.integer({ min: 0, max: 999_999_999 }),
        (seconds, nanoseconds) => {
          setMtimeBuffer(path, seconds, nanoseconds);
          lstatBuffer(path, status);
          expect([status.mtimeSeconds, status.mtimeNanoseconds]).toEqual([seconds, nanoseconds]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("of a symlink are its own", () => {
    const directory = scratch.freshDirectory();
    writeFileSync(join(directory, "file"), "x");
    symlinkSync("file", join(directory, "link"));
    const before = lstat(b(join(directory, "file")));
    setMtimeBuffer(new PathBuffer().set(b(join(directory, "link"))), -5, 123_456_789);
    const link = lstat(b(join(directory, "link")));
    expect([link?.mtimeSeconds, link?.mtimeNanoseconds]).toEqual([-5, 123_456_789]);
    expect(lstat(b(join(directory, "file")))).toEqual(before);
  });

  test("touch is the file system's now", () => {
    const [file, reference] = [scratch.fresh(), scratch.fresh()];
    writeFileSync(file, "x");
    setMtimeBuffer(new PathBuffer().set(b(file)), 1, 0);
    touch(b(file));
    writeFileSync(reference, "x");
    const [touched, made] = [lstat(b(file)), lstat(b(reference))].map((status) =>
      mtimeMs(status ?? emptyStatus()),
    );
    expect(Math.abs((touched ?? 0) - (made ?? 0))).toBeLessThan(60_000);
  });

  test("errors have their code", () => {
    const missing = b(scratch.fresh());
    const noEntry = expect.objectContaining({ code: "ENOENT" });
    expect(() => setMtimeBuffer(new PathBuffer().set(missing), 1, 0)).toThrow(noEntry);
    expect(() => touch(missing)).toThrow(noEntry);
  });
});
