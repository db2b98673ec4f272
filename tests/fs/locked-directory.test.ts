import { expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { isAbandoned, LockedDirectory, removeAbandoned } from "../../src/fs/locked-directory.ts";
import { run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";

const scratch = Scratch.use();
const b = bytesFromText;
const MINUTE_MS = 60_000;

test("is not abandoned while it is open, and is removed with its contents when it is closed", () => {
  const path = scratch.fresh();
  const directory = LockedDirectory.create(b(path));
  expect(directory.path).toBe(b(path));
  expect(Math.abs(statSync(path).mtimeMs - directory.madeMs)).toBeLessThan(1000);
  mkdirSync(join(path, "tree"));
  writeFileSync(join(path, "tree", "f"), "");
  expect(isAbandoned(b(path), Number.MAX_VALUE)).toBe(false);
  directory.close();
  expect(existsSync(path)).toBe(false);
  directory.close();
  expect(isAbandoned(b(path))).toBe(false);
});

test("nothing is left of one that could not be created", () => {
  const path = scratch.freshDirectory();
  writeFileSync(join(path, "f"), "");
  expect(() => LockedDirectory.create(b(path))).toThrow(expect.objectContaining({ code: "ENOTEMPTY" }));
  expect(existsSync(`${path}.new`)).toBe(false);
  expect(() => LockedDirectory.create(b(join(path, "missing", "d")))).toThrow(
    expect.objectContaining({ code: "ENOENT" }),
  );
});

test("states that a dead process leaves", () => {
  const nowMs = 1_000_000 * MINUTE_MS;
  const make = (suffix: string, names: readonly string[], ageMs: number): string => {
    const path = `${scratch.freshDirectory()}${suffix}`;
    mkdirSync(path, { recursive: true });
    for (const name of names) writeFileSync(join(path, name), "");
    const seconds = (nowMs - ageMs) / 1000;
    utimesSync(path, seconds, seconds);
    return path;
  };
  for (const [suffix, names, ageMs, expected] of [
    ["", ["lock", "f"], 0, true],
    ["", [], 0, true],
    ["", ["f"], 9 * MINUTE_MS, false],
    ["", ["f"], 11 * MINUTE_MS, true],
    [".new", [], 9 * MINUTE_MS, false],
    [".new", ["lock"], 9 * MINUTE_MS, false],
    [".new", ["lock"], 11 * MINUTE_MS, true],
  ] as const) {
    const path = make(suffix, names, ageMs);
    expect([suffix, names, ageMs, isAbandoned(b(path), nowMs)]).toEqual([suffix, names, ageMs, expected]);
    removeAbandoned(b(path));
    expect(existsSync(path)).toBe(false);
  }
  const file = scratch.fresh();
  writeFileSync(file, "");
  expect(isAbandoned(b(file), nowMs)).toBe(false);
});

test("without the time, only what is certain counts as abandoned", () => {
  const [unfinished, lockless] = [`${scratch.fresh()}.new`, scratch.fresh()];
  for (const path of [unfinished, lockless]) {
    mkdirSync(path);
    writeFileSync(join(path, "f"), "");
    utimesSync(path, 1000, 1000);
    expect(isAbandoned(b(path))).toBe(false);
  }
});

test("a FIFO, a directory or a symlink in place of the lock counts as missing, and does not block", () => {
  for (const make of [
    (path: string) => run(["mkfifo", path]),
    (path: string) => mkdirSync(path),
    (path: string) => symlinkSync("/dev/zero", path),
  ]) {
    const path = scratch.freshDirectory();
    make(join(path, "lock"));
    expect(isAbandoned(b(path), Date.now())).toBe(false);
    expect(isAbandoned(b(path), Date.now() + 11 * MINUTE_MS)).toBe(true);
  }
});

testWith(["strace"], "killed at whichever step, it is removed afterwards", () => {
  const source = join(import.meta.dir, "../../src/fs/locked-directory.ts");
  const script = `
    import { mkdirSync, writeFileSync } from "node:fs";
    const { LockedDirectory } = await import("${source}");
    const [path] = process.argv.slice(1);
    const directory = LockedDirectory.create(path);
    mkdirSync(path + "/tree");
    for (const name of ["a", "tree/b"]) writeFileSync(path + "/" + name, "");
    directory.close();
  `;
  const parent = scratch.freshDirectory("parent");
  const states = new Set<string>();
  for (const call of ["mkdir", "openat", "flock", "rename", "unlink", "rmdir"]) {
    for (let when = 1, isKilled = true; isKilled; when++) {
      const path = join(parent, `${call}${when}`);
      // Of the many files that are opened only these.
      const paths = [path, `${path}.new`, `${path}/lock`, `${path}.new/lock`].flatMap((each) => ["-P", each]);
      const injection = injecting({ calls: call, what: `signal=KILL:when=${when}` });
      const words = [...injection, ...(call === "openat" ? paths : []), process.execPath, "-e", script, path];
      isKilled = run(words).exitCode !== 0;
      for (const name of readdirSync(parent)) {
        const left = b(join(parent, name));
        states.add([...readdirSync(left).toSorted(), name.endsWith(".new")].join());
        expect([name, isAbandoned(left, Date.now() + 11 * MINUTE_MS)]).toEqual([name, true]);
        // Only what is being made has to be waited for.
        expect([name, isAbandoned(left, Date.now())]).toEqual([name, !name.endsWith(".new")]);
        removeAbandoned(left);
      }
      expect(readdirSync(parent)).toEqual([]);
    }
  }
  for (const state of ["true", "lock,true", "a,lock,tree,false", "lock,false", "false"]) {
    expect(states).toContain(state);
  }
});

testWith(["strace"], "closing it removes it even if a listing lacks everything once", () => {
  const source = join(import.meta.dir, "../../src/fs/locked-directory.ts");
  const script = `
    import { writeFileSync } from "node:fs";
    const { LockedDirectory } = await import("${source}");
    const [path] = process.argv.slice(1);
    const directory = LockedDirectory.create(path);
    writeFileSync(path + "/a", "");
    directory.close();
  `;
  const parent = scratch.freshDirectory("parent");
  const path = join(parent, "d");
  const trace = scratch.path("trace");
  const injection = injecting({ calls: "getdents64", what: "retval=0:when=1", path }, trace);
  const words = [...injection, process.execPath, "-e", script, path];
  expect(run(words).exitCode).toBe(0);
  expect(readFileSync(trace, "utf8")).toContain("INJECTED");
  expect(readdirSync(parent)).toEqual([]);
});

test("removing one that its own process has just removed does nothing", () => {
  const path = scratch.fresh();
  const directory = LockedDirectory.create(b(path));
  writeFileSync(join(path, "f"), "");
  directory.close();
  removeAbandoned(b(path));
  expect(existsSync(path)).toBe(false);
});
