import { describe, expect, test } from "bun:test";
import { linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { prepareCache } from "../../src/cache/prepare-cache.ts";
import { Session } from "../../src/cache/session.ts";
import { addToSizeNote, readSizeNote, replaceSizeNote } from "../../src/cache/size-note.ts";
import { must } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

function prepared() {
  const cache = CacheDirectory.open(scratch.freshDirectory("cache"));
  prepareCache(cache);
  const note = `${cache.path}/btdt-v1/size`;
  const measure = (bytes: number, nowMs = Date.now(), isWanted = true): void => {
    const session = Session.open(cache);
    replaceSizeNote(cache, session, { nowMs, bytes }, isWanted);
    session.close();
  };
  return { cache, note, measure };
}

test("what was measured, and what was added since", () => {
  const { cache, measure } = prepared();
  measure(1000.4);
  expect(readSizeNote(cache)).toBe(1000);
  addToSizeNote(cache, 20);
  addToSizeNote(cache, 0.6);
  expect(readSizeNote(cache)).toBe(1021);
  measure(500, Date.now(), false);
  expect(readSizeNote(cache)).toBe(500);
});

test("nothing is noted unless it is wanted", () => {
  const { cache, note, measure } = prepared();
  addToSizeNote(cache, 20);
  measure(1, Date.now(), false);
  expect(() => readFileSync(note)).toThrow("ENOENT");
  expect(readSizeNote(cache)).toBe(undefined);
});

test("a note that was measured too long ago, or later than now, is not believed", () => {
  const { cache, note, measure } = prepared();
  const dayMs = 24 * 60 * 60 * 1000;
  measure(7, 1_000_000_000_000);
  for (const [changedMs, expected] of [
    [0, 7],
    [dayMs, 7],
    [dayMs + 1000, undefined],
    [-10_000, undefined],
  ] as const) {
    const changed = (1_000_000_000_000 + changedMs) / 1000;
    utimesSync(note, changed, changed);
    expect([changedMs, readSizeNote(cache)]).toEqual([changedMs, expected]);
  }
});

describe("anything else in its place is not believed, and is not written to", () => {
  test("other contents", () => {
    const { cache, note } = prepared();
    const head = `btdt cache size 1\n${Date.now()} 5\n`;
    for (const text of [
      "",
      "btdt cache size 2\n1 1\n",
      `${head}+3`,
      `${head}-3\n`,
      `${head}+${"9".repeat(16)}\n`,
      `${head}\0\n`,
      `${head}${"+1\n".repeat(30_000)}`,
      "x".repeat(100_000),
    ]) {
      writeFileSync(note, text);
      expect([text.slice(0, 60), readSizeNote(cache)]).toEqual([text.slice(0, 60), undefined]);
    }
    writeFileSync(note, `${head}+3\n`);
    expect(readSizeNote(cache)).toBe(8);
  });

  test("other kinds of files", () => {
    const { cache, note, measure } = prepared();
    const outside = scratch.path("outside");
    writeFileSync(outside, `btdt cache size 1\n${Date.now()} 5\n`);
    const before = readFileSync(outside, "utf8");
    for (const [kind, plant] of [
      ["symlink", () => symlinkSync(outside, note)],
      ["hard link", () => linkSync(outside, note)],
      ["FIFO", () => must(["mkfifo", note])],
      ["directory", () => mkdirSync(note)],
    ] as const) {
      rmSync(note, { recursive: true, force: true });
      plant();
      addToSizeNote(cache, 3);
      if (kind !== "hard link") expect([kind, readSizeNote(cache)]).toEqual([kind, undefined]);
      expect([kind, readFileSync(outside, "utf8")]).toEqual([kind, before]);
      if (kind === "directory") continue;
      measure(9);
      expect([kind, readSizeNote(cache)]).toEqual([kind, 9]);
      expect([kind, readFileSync(outside, "utf8")]).toEqual([kind, before]);
    }
  });
});
