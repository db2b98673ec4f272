import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { BtdtError } from "../../src/base/errors.ts";
import { copyFile } from "../../src/fs/copy-file.ts";
import { errnoOf, isDiskFullErrno, isPermissionErrno, reasonOf } from "../../src/fs/errno.ts";
import type { FileAttributes } from "../../src/fs/file-attributes.ts";
import { LINK_MODES } from "../../src/fs/link-mode.ts";
import { namesIn } from "../../src/fs/names-in.ts";
import { tryLink } from "../../src/fs/native/link-file.ts";
import { PathBuffer } from "../../src/fs/native/path-buffer.ts";
import { FilePlacer } from "../../src/fs/place-file.ts";
import { publishDurably, syncDirectory, writeDurably } from "../../src/fs/publish-file.ts";
import { isWithin, resolvePath } from "../../src/fs/resolve-path.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { UNCANCELLED } from "../support/uncancelled.ts";

const scratch = Scratch.use();

const OTHER_FILE_SYSTEM = {
  name: "/dev/shm on another file system than the scratch directories",
  isMet: () => existsSync("/dev/shm") && statSync("/dev/shm").dev !== statSync(tmpdir()).dev,
};
const b = bytesFromText;
const p = (path: string): PathBuffer => new PathBuffer().set(b(path));
const code = (errno: string) => expect.objectContaining({ code: errno });

function attributes(sizeBytes: number): FileAttributes {
  return { mode: 0o640, sizeBytes, mtimeSeconds: 1_000, mtimeNanoseconds: 123_456_789 };
}

describe("publishing", () => {
  test("replaces the name in one step; those who have the old file open keep it", () => {
    const [directory, temporaryFile] = [scratch.freshDirectory(), scratch.fresh()];
    const path = join(directory, "f");
    writeFileSync(path, "old");
    linkSync(path, join(directory, "other"));
    writeDurably(b(temporaryFile), Buffer.from("new"));
    publishDurably(b(temporaryFile), b(path));
    expect([readFileSync(path, "utf8"), readFileSync(join(directory, "other"), "utf8")]).toEqual([
      "new",
      "old",
    ]);
    expect(existsSync(temporaryFile)).toBe(false);
  });

  test("never writes through what bears the temporary name", () => {
    const [path, target] = [scratch.fresh(), scratch.fresh()];
    writeFileSync(target, "precious");
    symlinkSync(target, path);
    expect(() => writeDurably(b(path), Buffer.from("x"))).toThrow(code("EEXIST"));
    expect(readFileSync(target, "utf8")).toBe("precious");
  });

  test("readers see one whole file or the other", async () => {
    const directory = scratch.freshDirectory();
    const path = join(directory, "f");
    writeFileSync(path, "0".repeat(100_000));
    const script = `
      import { renameSync, writeFileSync } from "node:fs";
      for (let round = 0; round < 300; round++) {
        const digit = String(round % 10);
        (await import(process.argv[2])).writeDurably(process.argv[1] + ".t" + round, Buffer.from(digit.repeat(100_000)));
        (await import(process.argv[2])).publishDurably(process.argv[1] + ".t" + round, process.argv[1]);
      }
    `;
    const source = join(import.meta.dir, "../../src/fs/publish-file.ts");
    const writer = Bun.spawn([process.execPath, "-e", script, path, source], {
      stdout: "inherit",
      stderr: "inherit",
    });
    while (writer.exitCode === null) {
      const content = readFileSync(path, "utf8");
      expect(content.length).toBe(100_000);
      expect(content === content.charAt(0).repeat(100_000)).toBe(true);
      await Bun.sleep(0);
    }
    expect(writer.exitCode).toBe(0);
    expect(readdirSync(directory)).toEqual(["f"]);
  });

  test("syncing anything but a directory is an error with a code", () => {
    const path = scratch.fresh();
    expect(() => syncDirectory(b(path))).toThrow(code("ENOENT"));
    writeFileSync(path, "");
    expect(() => syncDirectory(b(path))).toThrow(code("ENOTDIR"));
  });
});

describe("copying", () => {
  for (const sizeBytes of [0, 1, 70_000, 256 * 1024, 256 * 1024 + 1, 5_000_000]) {
    test(`${sizeBytes} bytes, with mode and time`, () => {
      const [from, to] = [scratch.fresh(), scratch.fresh()];
      const content = Buffer.alloc(sizeBytes, "content");
      writeFileSync(from, content);
      copyFile(p(from), p(to), attributes(sizeBytes), UNCANCELLED);
      const stats = lstatSync(to, { bigint: true });
      expect(readFileSync(to).equals(content)).toBe(true);
      expect([stats.mode & 0o7777n, stats.mtimeNs]).toEqual([0o640n, 1_000_123_456_789n]);
      expect(stats.ino).not.toBe(lstatSync(from, { bigint: true }).ino);
    });
  }

  test("a large file, until it is no longer wanted", () => {
    const [from, to] = [scratch.fresh(), scratch.fresh()];
    writeFileSync(from, Buffer.alloc(40_000_000, "content"));
    for (const questionCount of [1, 2, 3]) {
      let left = questionCount;
      const cancellation = { isCancelled: () => --left === 0 };
      expect(() => copyFile(p(from), p(to), attributes(40_000_000), cancellation)).toThrow(code("CANCELLED"));
      expect(left).toBe(0);
      expect(existsSync(to)).toBe(false);
    }
  });

  test("a sparse file", () => {
    const [from, to] = [scratch.fresh(), scratch.fresh()];
    writeFileSync(from, "begin");
    truncateSync(from, 20_000_000);
    copyFile(p(from), p(to), attributes(20_000_000), UNCANCELLED);
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
  });

  testWith([OTHER_FILE_SYSTEM], "from another file system", () => {
    const from = join("/dev/shm", `btdt-unit-${crypto.randomUUID()}`);
    const to = scratch.fresh();
    const content = Buffer.alloc(3_000_000, "content");
    writeFileSync(from, content);
    try {
      copyFile(p(from), p(to), attributes(content.length), UNCANCELLED);
      expect(readFileSync(to).equals(content)).toBe(true);
    } finally {
      Bun.spawnSync(["rm", "-f", from]);
    }
  });

  testWith(
    ["strace"],
    "only appends: a size that is set ahead of the data would outlive it in a power cut",
    () => {
      for (const sizeBytes of [1000, 3_000_000]) {
        const [from, to, log] = [scratch.fresh(), scratch.fresh(), scratch.fresh()];
        writeFileSync(from, Buffer.alloc(sizeBytes, "content"));
        const script = `
        import { copyFile } from "${join(import.meta.dir, "../../src/fs/copy-file.ts")}";
        import { PathBuffer } from "${join(import.meta.dir, "../../src/fs/native/path-buffer.ts")}";
        const [from, to] = process.argv.slice(1).map((path) => new PathBuffer().set(path));
        copyFile(from, to, { mode: 0o644, sizeBytes: ${sizeBytes}, mtimeSeconds: 1, mtimeNanoseconds: 0 }, { isCancelled: () => false });
      `;
        const calls = "trace=ftruncate,fallocate,openat,copy_file_range,write,writev";
        const traced = [
          "strace",
          "-f",
          "-qq",
          "-y",
          "-o",
          log,
          "-e",
          calls,
          process.execPath,
          "-e",
          script,
          from,
          to,
        ];
        expect(Bun.spawnSync(traced).exitCode).toBe(0);
        const lines = readFileSync(log, "utf8")
          .split("\n")
          .filter((line) => line.includes(to));
        expect(lines.filter((line) => /copy_file_range|write/.test(line))).not.toEqual([]);
        const reserving = lines.filter((line) => line.includes("FALLOC_FL_KEEP_SIZE"));
        expect(lines.filter((line) => /truncate|fallocate/.test(line))).toEqual(reserving);
        const isOnExt4 = statfsSync(scratch.path(".")).type === 0xef53;
        expect(reserving).toHaveLength(isOnExt4 && sizeBytes > 1_000_000 ? 1 : 0);
      }
    },
  );

  test("never writes into what exists", () => {
    const [from, to] = [scratch.fresh(), scratch.fresh()];
    writeFileSync(from, "new");
    writeFileSync(to, "old");
    expect(() => copyFile(p(from), p(to), attributes(3), UNCANCELLED)).toThrow(code("EEXIST"));
    expect(readFileSync(to, "utf8")).toBe("old");
  });

  test("leaves nothing behind if it fails", () => {
    const [from, to] = [scratch.fresh(), scratch.fresh()];
    expect(() => copyFile(p(from), p(to), attributes(3), UNCANCELLED)).toThrow(code("ENOENT"));
    writeFileSync(from, "four");
    expect(() => copyFile(p(from), p(to), attributes(3), UNCANCELLED)).toThrow(code("SYSTEM"));
    expect(existsSync(to)).toBe(false);
    mkdirSync(scratch.fresh());
    expect(() => copyFile(p(scratch.path()), p(to), attributes(3), UNCANCELLED)).toThrow(code("EFTYPE"));
    expect(existsSync(to)).toBe(false);
  });

  test("does not follow a symlink that has taken the source's place", () => {
    const [link, to] = [scratch.fresh(), scratch.fresh()];
    symlinkSync("/etc/passwd", link);
    expect(() => copyFile(p(link), p(to), attributes(3), UNCANCELLED)).toThrow(code("EFTYPE"));
  });
});

describe("placing", () => {
  test("says what it did, by mode", () => {
    for (const mode of LINK_MODES) {
      const [from, to, own] = [scratch.fresh(), scratch.fresh(), scratch.fresh()];
      writeFileSync(from, "abc");
      const placer = new FilePlacer(mode);
      const placement = placer.place(p(from), p(to), attributes(3), Number.POSITIVE_INFINITY, UNCANCELLED);
      const isLink = lstatSync(from).ino === lstatSync(to).ino;
      expect(isLink).toBe(placement === "linked");
      if (mode === "copy") expect(placement).toBe("copied");
      if (mode === "hard") expect(placement).toBe("linked");
      if (mode === "reflink") expect(placement).not.toBe("linked");
      expect(placer.place(p(from), p(own), attributes(3), 0, UNCANCELLED)).not.toBe("linked");
      expect(readFileSync(own, "utf8")).toBe("abc");
    }
  });

  test("a file is linked only while it has as few names as allowed", () => {
    const [from, first, second, again] = [scratch.fresh(), scratch.fresh(), scratch.fresh(), scratch.fresh()];
    writeFileSync(from, "abc");
    const placer = new FilePlacer("hard");
    expect(placer.place(p(from), p(first), attributes(3), 2, UNCANCELLED)).toBe("linked");
    expect(placer.place(p(from), p(second), attributes(3), 2, UNCANCELLED)).toBe("copied");
    expect(readFileSync(second, "utf8")).toBe("abc");
    expect([from, first, second].map((path) => lstatSync(path).nlink)).toEqual([2, 2, 1]);
    unlinkSync(first);
    expect(placer.place(p(from), p(again), attributes(3), 2, UNCANCELLED)).toBe("linked");
  });

  testWith([OTHER_FILE_SYSTEM], "two file systems: copies, and does not ask again", () => {
    const from = join("/dev/shm", `btdt-unit-${crypto.randomUUID()}`);
    writeFileSync(from, "abc");
    try {
      const placer = new FilePlacer("hard");
      expect(placer.prefersLink).toBe(true);
      expect(
        placer.place(p(from), p(scratch.fresh()), attributes(3), Number.POSITIVE_INFINITY, UNCANCELLED),
      ).toBe("copied");
      expect(placer.prefersLink).toBe(false);
    } finally {
      Bun.spawnSync(["rm", "-f", from]);
    }
  });

  test("a link does not replace what exists, and a failure has its code", () => {
    const [from, to] = [scratch.fresh(), scratch.fresh()];
    writeFileSync(from, "new");
    writeFileSync(to, "old");
    expect(tryLink(p(from), p(to))).toBe(false);
    const placer = new FilePlacer("hard");
    expect(() => placer.place(p(from), p(to), attributes(3), Number.POSITIVE_INFINITY, UNCANCELLED)).toThrow(
      code("EEXIST"),
    );
    expect(() =>
      placer.place(p(scratch.fresh()), p(to), attributes(3), Number.POSITIVE_INFINITY, UNCANCELLED),
    ).toThrow(code("ENOENT"));
    expect(readFileSync(to, "utf8")).toBe("old");
    chmodSync(to, 0o644);
  });
});

test("paths are resolved to one form", () => {
  const directory = scratch.freshDirectory();
  const link = scratch.fresh();
  symlinkSync(directory, link);
  const resolved = resolvePath(b(directory));
  expect(resolvePath(b(`${link}/../${link.slice(link.lastIndexOf("/") + 1)}/.`))).toBe(resolved);
  expect([isWithin(resolved, resolved), isWithin(b("/a/b"), b("/a")), isWithin(b("/ab"), b("/a"))]).toEqual([
    true,
    true,
    false,
  ]);
  expect([isWithin(b("/x"), b("/")), isWithin(b("/"), b("/x"))]).toEqual([true, false]);
});

test("errno is that of node:fs errors only", () => {
  const caught = (() => {
    try {
      return readFileSync(scratch.fresh());
    } catch (error) {
      return error;
    }
  })();
  expect([errnoOf(caught), reasonOf(caught)]).toEqual(["ENOENT", "no such file or directory"]);
  expect(errnoOf(new BtdtError("CACHE_FORMAT_NEWER", "m"))).toBeUndefined();
  expect([errnoOf(new Error("m")), errnoOf("ENOENT"), errnoOf(undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([isPermissionErrno("EROFS"), isPermissionErrno("ENOENT")]).toEqual([true, false]);
  expect([isDiskFullErrno("EDQUOT"), isDiskFullErrno(undefined)]).toEqual([true, false]);
});

test("names in a directory: none if it is missing, an error if it is not a directory", () => {
  const directory = scratch.freshDirectory();
  for (const name of ["b", "a"]) writeFileSync(join(directory, name), "");
  expect(namesIn(b(directory)).toSorted()).toEqual(["a", "b"]);
  expect(namesIn(b(scratch.fresh()))).toEqual([]);
  expect(() => namesIn(b(join(directory, "a")))).toThrow(code("ENOTDIR"));
  const loop = scratch.fresh();
  symlinkSync(loop, loop);
  expect(() => namesIn(b(loop))).toThrow(code("ELOOP"));
});
