import { expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, type Finished, must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch, "--link", "hard");
const KEYS = ["a", "b", "c", "d", "e"] as const;
const LEDGER_BYTES = 64 + 5 * (56 + 16 + 4) + 6 * 32 + 32;

/** Stores a tree under its key, which then states that it has a million files. */
function storeLarge(key: string): void {
  const mtime = "@1700000000";
  const shared = file("shared", { mtime });
  makeTree(scratch.path(key), dir({ own: file(`own of ${key}`, { mtime }), shared }));
  cache.store(key, key);
  const path = cache.below("keys", key);
  const { atimeMs, mtimeMs } = statSync(path);
  writeFileSync(path, readFileSync(path, "utf8").replace('"fileCount":2', '"fileCount":1000000'));
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

function clean(through: readonly string[] = []): Finished {
  return btdt(["clean", "-c", cache.path], { through });
}

/** Five entries, and a ledger of them. */
function prepare(): string {
  for (const key of KEYS) storeLarge(key);
  expect(clean()).toMatchObject({ exitCode: 0, stderr: "" });
  const ledger = cache.below("ledger");
  expect(statSync(ledger).size).toBe(LEDGER_BYTES);
  return ledger;
}

function expectWhole(...keys: readonly string[]): void {
  for (const key of keys) {
    rmSync(scratch.path("to"), { recursive: true, force: true });
    expect(cache.restore(key, "to")).toMatchObject({ exitCode: 0 });
    expect(compareTrees(scratch.path(key), scratch.path("to"))).toEqual([]);
  }
}

test("what one entry needed is deleted with it, and the ledger follows", () => {
  const ledger = prepare();
  btdt(["delete", "-c", cache.path, "b"]);
  storeLarge("f");
  expect(clean().stdout).toMatch(/^Removed 2 unneeded files: .*\nKept 5 entries, /);
  expect(cache.objects()).toHaveLength(6);
  expect(statSync(ledger).size).toBe(LEDGER_BYTES);
  expectWhole("a", "c", "d", "e", "f");
  expect(clean().stdout).toMatch(/^Kept 5 entries, /);
});

const planted: readonly [string, (path: string, outside: string) => void][] = [
  ["a FIFO", (path) => must(["mkfifo", path])],
  ["a symlink", (path, outside) => symlinkSync(outside, path)],
  ["a directory", (path) => mkdirSync(path)],
  ["an empty file", (path) => writeFileSync(path, "")],
  [
    "a terabyte of nothing",
    (path) => {
      writeFileSync(path, "BTDTLEDG");
      truncateSync(path, 2 ** 40);
    },
  ],
  ["text", (path) => writeFileSync(path, "../../../etc/passwd\n".repeat(40))],
];

for (const [what, plant] of planted) {
  test(`${what} in place of a ledger is no ledger`, () => {
    const ledger = prepare();
    rmSync(ledger);
    const outside = scratch.path("outside");
    writeFileSync(outside, "outside");
    plant(ledger, outside);
    const [first = ""] = cache.objects();
    rmSync(cache.below("objects", first));
    const cleaned = clean(["timeout", "60"]);
    // All manifests were read, since one entry is damaged.
    expect(cleaned).toMatchObject({ exitCode: 0, stderr: "" });
    expect(cleaned.stdout).toMatch(/\(damage\)/);
    expect(readFileSync(outside, "utf8")).toBe("outside");
    expectWhole(...cache.keys());
    const again = clean(["timeout", "60"]);
    expect(again).toMatchObject({ exitCode: 0, stderr: "" });
    if (cache.keys().length > 0) expect(lstatSync(ledger).isFile()).toBe(what !== "a directory");
    expect(readFileSync(outside, "utf8")).toBe("outside");
  });
}

test("a ledger that lies costs no more than a miss", () => {
  const ledger = prepare();
  const bytes = readFileSync(ledger).subarray(0, -32);
  // Another object's digest, which is in the cache as well, but not in the ledger any more.
  const objects = 64 + 5 * (56 + 16 + 4);
  const kept = Buffer.concat([bytes.subarray(0, objects), ...withoutFirst(bytes.subarray(objects))]);
  kept.writeUInt32LE(5, 24);
  writeFileSync(
    ledger,
    Buffer.concat([kept, Buffer.from(new Bun.SHA256().update(kept).digest("hex"), "hex")]),
  );
  expect(clean()).toMatchObject({ exitCode: 0, stderr: "" });
  expect(cache.objects()).toHaveLength(5);
  for (const key of KEYS) {
    rmSync(scratch.path("to"), { recursive: true, force: true });
    const { exitCode } = cache.restore(key, "to");
    expect([0, 4]).toContain(exitCode);
    if (exitCode === 0) expect(compareTrees(scratch.path(key), scratch.path("to"))).toEqual([]);
    else expect(existsSync(scratch.path("to"))).toBe(false);
  }
  for (const key of KEYS) cache.store(key, key);
  expectWhole(...KEYS);
});

/** The columns of six objects without the first. */
function withoutFirst(columns: Buffer): Buffer[] {
  let start = 0;
  return [8, 4, 4, 16].map((width) => {
    const column = columns.subarray(start + width, start + 6 * width);
    start += 6 * width;
    return column;
  });
}

testWith(["strace"], "a ledger that cannot be read or written is done without", () => {
  const ledger = prepare();
  const eio = injecting({ calls: "pread64", what: "error=EIO", path: ledger });
  expect(clean(eio).stdout).toMatch(/^Kept 5 entries, /);
  rmSync(ledger);
  for (const errno of ["ENOSPC", "EIO", "EDQUOT"]) {
    expect(clean(injecting({ calls: "pwrite64", what: `error=${errno}` }))).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
    expect(existsSync(ledger)).toBe(false);
    expect(cache.sessions()).toEqual([]);
  }
  const renames = "rename,?renameat,?renameat2";
  expect(clean(injecting({ calls: renames, what: "error=EACCES:when=2" })).exitCode).toBe(0);
  expect(existsSync(ledger)).toBe(false);
  expect(cache.sessions()).toEqual([]);
  clean(injecting({ calls: renames, what: "signal=KILL:when=2" }));
  expect(clean()).toMatchObject({ exitCode: 0, stderr: "" });
  expect(cache.sessions()).toEqual([]);
  expect(statSync(ledger).size).toBe(LEDGER_BYTES);
  expectWhole(...KEYS);
});

testWith(["strace"], "a clean that is killed before it has written the ledger leaves whole entries", () => {
  prepare();
  btdt(["delete", "-c", cache.path, "b"]);
  clean(injecting({ calls: "rename,?renameat,?renameat2", what: "signal=KILL:when=2" }));
  expect(cache.objects()).toHaveLength(5);
  expect(clean()).toMatchObject({ exitCode: 0, stderr: "" });
  expectWhole("a", "c", "d", "e");
});

testWith(["strace"], "a store beside a clean that goes by the ledger keeps what it reuses", async () => {
  prepare();
  makeTree(
    scratch.path("second"),
    dir({ own: file("own of b", { mtime: "@1700000000" }), more: file("more") }),
  );
  btdt(["delete", "-c", cache.path, "b"]);
  const [object = ""] = cache.objects();
  const path = cache.below("objects", dirname(object));
  const words = ["clean", "-c", cache.path];
  const cleaned = await stoppedAt({ calls: "getdents64", path }, words, scratch.path("trace"), () => {
    expect(btdt(cache.storeWords("second", "second"), { through: ["timeout", "60"] })).toMatchObject({
      exitCode: 0,
    });
  });
  expect(cleaned).toMatchObject({ exitCode: 0, stderr: "" });
  expect(readdirSync(cache.below("keys")).toSorted()).toEqual(["a", "c", "d", "e", "second"]);
  expectWhole("a", "c", "d", "e", "second");
});
