import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "../../link/build-executable.ts";
import { hostTarget } from "../../link/target.ts";
import { BTDT, must, run } from "../support/executable.ts";
import { describeWith } from "../support/requirements.ts";

/**
 * What btdt relies on in its engine beyond the documented, each by what can be seen from outside: a new version that
 * breaks one of these would otherwise only make btdt slow, or wrong where no other test looks.
 */
const root = join(import.meta.dir, "../..");

const TRICKS = {
  errors: ["EBADF", "ENOENT", "EINVAL", "EBADF"],
  inflate: {
    way: "fast",
    sound: "same",
    tooLarge: "refused",
    damaged: "refused",
    soundAfterDamage: "same",
    wayAfterDamage: "fast",
  },
  compress: { way: "fast", areSame: true },
  deflate: "same from less",
  digests: {
    intoSharedPart: "00".repeat(32) + createHash("sha256").update("abc").digest("hex").repeat(2),
    rootSizeBytes: 32,
    root: createHash("sha512-256")
      .update("btdt chunks 1\0")
      .update(Buffer.from([0, 0, 0x90, 0, 0, 0, 0, 0]))
      .update(Buffer.alloc(96, 1))
      .digest("hex"),
    // The test vectors of their specifications.
    xxHash3: String(0x78af5f94892f3950n),
    crc32InTwoParts: 0x352441c2,
  },
  memory: { bytesStay: true, pathStays: true },
  mapping: {
    whileWritten: "not mapped",
    far: "far\0",
    whileMapped: "EAGAIN",
    afterwards: "opened",
    empty: "not mapped",
  },
  times: [
    [-2, 999_999_999],
    [5_000_000_000, 123_456_789],
  ],
};

const LIBC = {
  linkat: { done: [0, 2], refused: -1 },
  utimensat: { done: [0, "-1000000500"], refused: -1 },
  futimens: { done: [0, "5000000000000000007"], refused: -1 },
  flock: { done: 0, refused: -1 },
  statx: { done: [0, 5 * 1024 ** 3 + 4096], refused: -1 },
  fcntl: { done: [0, 0], refused: -1 },
  mmap: { done: "beyond 32 bits", refused: "bigint" },
  fstatfs: { done: [0, 0x9fa0], refused: -1 },
  madvise: { done: 0, refused: -1 },
  readahead: { done: 0, refused: -1 },
  munmap: { done: 0, refused: -1 },
  copy_file_range: { done: [7, "content"], refused: -1 },
  fallocate: { done: [0, 5 * 1024 ** 3 + 4096], refused: -1 },
  flistxattr: { done: true, refused: -1 },
  llistxattr: { done: true, refused: -1 },
  lseek: { done: 5 * 1024 ** 3, refused: -1 },
  openat: { done: ["made", "640"], refused: -1 },
  read: { done: [7, "content"], refused: -1 },
  write: { done: [7, "written"], refused: -1 },
  chmod: { done: [0, "4711"], refused: -1 },
  ioctl: { done: [0, 7], refused: -1 },
  mkdir: { done: [0, "750"], refused: -1 },
  rename: { done: [0, "renamed"], refused: -1 },
  unlink: { done: [0, false], refused: -1 },
  rmdir: { done: [0, false], refused: -1 },
  readlink: { done: [6, "target"], refused: -1 },
  statfs: { done: [0, 0x9fa0], refused: -1 },
  pread: { done: [9, "32 bits"], refused: -1 },
  pwrite: { done: [3, 5 * 1024 ** 3 + 3], refused: -1 },
  fchmod: { done: [0, "4751"], refused: -1 },
  syncfs: { done: 0, refused: -1 },
  // EBADF and ENOENT.
  __errno_location: { done: 9, refused: 2 },
  close: { done: 0, refused: -1 },
};

/** Makes JavaScriptCore report each function that its last compiler, FTL, has compiled. */
const REPORT_FTL = { BUN_JSC_reportFTLCompileTimes: "1" };

function countFtl(report: string): number {
  return report.split("\n").filter((line) => /^Optimized .* with FTL into /.test(line)).length;
}

describeWith(["linux"], "in an executable that is compiled and linked as btdt is", () => {
  let scratch = "";
  /** For the probe's files: in a container, `tmpdir()` may be on overlayfs, from which nothing is mapped. */
  let files = "";
  let probe = "";
  beforeAll(() => {
    files = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "btdt-engine-"));
    scratch = mkdtempSync(join(tmpdir(), "btdt-engine-"));
    probe = join(scratch, "probe");
    buildExecutable(hostTarget(process.platform, process.arch), probe, {
      root,
      entrypoints: ["tests/engine/probe/main.ts", "tests/engine/probe/worker.ts"],
      libcDirectories: [],
      dynamic: false,
      cacheDirectory: join(root, "dist", ".packages"),
    });
  });
  afterAll(() => {
    for (const directory of [scratch, files]) rmSync(directory, { recursive: true });
  });

  test("every trick works in both threads, and the fast ways are taken", () => {
    expect(JSON.parse(must([probe, "tricks", files]))).toEqual([TRICKS, TRICKS]);
  });

  test("every C function takes arguments and returns results as declared, in both threads", () => {
    expect(JSON.parse(must([probe, "libc", files]))).toEqual([LIBC, LIBC]);
  });

  test("shared memory is shared anywhere in a message, and other memory is copied", () => {
    expect(JSON.parse(must([probe, "threads", files]))).toEqual({
      counted: 200_000,
      part: [7, 0, 0, 0],
      words: [0, -8],
      copiedThere: [9, 0, 0, 0],
      copiedHere: [0, 0, 0, 0],
    });
  });

  test("messages, signals and timers have their turn between two immediates", () => {
    expect(JSON.parse(must([probe, "turns", files]))).toEqual(["signal", "timer", "message"]);
  });

  test("the last compiler leaves lightly compiled functions alone, and only those", () => {
    const heavy = run([probe, "compile", files], { env: REPORT_FTL });
    expect(countFtl(heavy.stderr)).toBeGreaterThanOrEqual(2);
    const light = run([probe, "compile-lightly", files], { env: REPORT_FTL });
    expect(countFtl(light.stderr)).toBe(0);
    expect(light.stdout).toBe(heavy.stdout);
  });

  // With a name outside the tree, they are files that share an object.
  for (const [what, hasMore] of [
    ["hard links", false],
    ["linked files", true],
  ] as const)
    test(`a restore of many ${what} is over before the last compiler has had any work`, () => {
      const source = join(scratch, what);
      for (let directory = 0; directory < 100; directory++) {
        const path = join(source, String(directory));
        mkdirSync(path, { recursive: true });
        writeFileSync(join(path, "0"), String(directory));
        for (let file = 1; file < 100; file++) linkSync(join(path, "0"), join(path, String(file)));
        if (hasMore) linkSync(join(path, "0"), join(scratch, `more-${directory}`));
      }
      const cache = join(scratch, "cache");
      must([BTDT, "store", "--create-cache", "-c", cache, "-k", what, "--link", "hard", source]);
      const restore = [
        BTDT,
        "restore",
        "-c",
        cache,
        "-k",
        what,
        "--link",
        "hard",
        join(scratch, `to-${hasMore}`),
      ];
      const restored = run(restore, { env: REPORT_FTL });
      expect([restored.exitCode, countFtl(restored.stderr)]).toEqual([0, 0]);
    });
});
