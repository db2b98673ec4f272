import { expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { measureCache } from "../../src/entry/measure-cache.ts";
import { LedgerReader } from "../../src/ledger/ledger-reader.ts";
import { writeLedger } from "../../src/ledger/write-ledger.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { LargeCache } from "../support/large-cache.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const DAY_MS = 24 * 60 * 60 * 1000;

/** With entries of its own that share an object, and a ledger of them. */
async function withLedger(): Promise<{ large: LargeCache; manifests: string[] }> {
  const large = new LargeCache(scratch);
  const manifests = ["a", "b", "c", "d", "e"].map((key) => large.add(key, ["shared", `own of ${key}`]));
  await large.clean();
  expect(existsSync(large.ledger)).toBe(true);
  return { large, manifests };
}

test("manifests are not read again, and what is known to be in the ledger stays", async () => {
  const { large, manifests } = await withLedger();
  for (const manifest of manifests) large.spoil(manifest);
  const inode = statSync(large.ledger).ino;
  expect((await large.clean()).kept.entryCount).toBe(5);
  expect(large.namesIn("objects")).toHaveLength(6);
  // There was nothing to write down.
  expect(statSync(large.ledger).ino).toBe(inode);
});

test("sizes are measured without reading manifests again, unless damage is asked for", async () => {
  const { large, manifests } = await withLedger();
  const cache = CacheDirectory.open(large.made.directory.path);
  const before = await measureCache(cache, inlineRuntime(), false);
  for (const manifest of manifests) large.spoil(manifest);
  const after = await measureCache(cache, inlineRuntime(), true);
  const sizesOf = ({ entries }: typeof before) =>
    entries.map(({ entry, sizeBytes, freedBytes }) => [entry.id, sizeBytes, freedBytes]);
  expect(sizesOf(after)).toEqual(sizesOf(before));
  const { entries } = await measureCache(cache, inlineRuntime(), false);
  expect(entries.map(({ entry }) => entry.condition.kind)).toEqual(manifests.map(() => "damaged"));
});

test("a manifest whose size or time has changed is read again", async () => {
  for (const change of ["size", "time"]) {
    const { large, manifests } = await withLedger();
    const [first = ""] = manifests;
    large.spoil(first);
    if (change === "size") writeFileSync(large.made.manifestPath(first), "");
    else utimesSync(large.made.manifestPath(first), 1, 1);
    const cleaned = await large.clean();
    expect(cleaned.removed).toMatchObject([{ keys: ["a"], reason: "damage" }]);
    // Who else needs what it needed is known again.
    expect(large.namesIn("objects")).toEqual(
      large.nameObjects(["shared", ...["b", "c", "d", "e"].map((key) => `own of ${key}`)]),
    );
  }
});

test("an object that is missing or was edited damages its entry", async () => {
  for (const damage of [rmSync, (path: string) => writeFileSync(path, "edited")]) {
    const { large } = await withLedger();
    damage(large.made.describe("own of c").object);
    expect((await large.clean()).removed).toMatchObject([{ keys: ["c"], reason: "damage" }]);
    expect(large.keys()).toEqual(["a", "b", "d", "e"]);
  }
});

test("after a week, and if the clock was set back, all manifests are read", async () => {
  for (const [ageDays, isBelieved] of [
    [6.9, true],
    [7.1, false],
    [-0.1, false],
  ] as const) {
    const { large, manifests } = await withLedger();
    const path = bytesFromText(large.ledger);
    const reader = LedgerReader.open(path, 1000);
    if (reader === undefined) throw new Error("no ledger");
    const blocks = [...reader.readBlocks()];
    rmSync(large.ledger);
    await writeLedger(
      path,
      { ...reader.ledger, readMs: Date.now() - ageDays * DAY_MS },
      blocks,
      () => undefined,
    );
    reader.close();
    large.spoil(manifests[2] ?? "");
    const { removed } = await large.clean();
    expect({ ageDays, isBelieved: removed.length === 0 }).toEqual({ ageDays, isBelieved });
  }
});

test("what evicted entries needed does not count in the next ledger", async () => {
  const { large, manifests } = await withLedger();
  large.add("old", ["both"], 1_000_000_000);
  large.add("young", ["both", "own of young"]);
  expect((await large.clean(DAY_MS)).removed).toMatchObject([{ keys: ["old"], reason: "age" }]);
  rmSync(large.made.keyPath("young"));
  large.spoil(manifests[0] ?? "");
  // It goes by the ledger, or it would notice.
  expect((await large.clean()).removed).toEqual([]);
  expect(large.namesIn("objects")).toHaveLength(6);
});

test("all manifests are read if that of an entry that has vanished cannot be", async () => {
  const { large, manifests } = await withLedger();
  rmSync(large.made.keyPath("b"));
  large.spoil(manifests[1] ?? "");
  await large.clean();
  expect(large.namesIn("objects")).toHaveLength(5);
  expect(large.namesIn("manifests")).toHaveLength(4);
});

test("a dry run says the same as a clean, and writes nothing", async () => {
  const { large } = await withLedger();
  rmSync(large.made.keyPath("b"));
  large.add("f", ["shared", "own of f"], 1_000_000_000);
  const ledger = readFileSync(large.ledger);
  const { nowMs: _, ...preview } = await large.clean(DAY_MS, true);
  expect(readFileSync(large.ledger)).toEqual(ledger);
  const { nowMs: __, ...cleaned } = await large.clean(DAY_MS);
  expect(preview).toEqual(cleaned);
  expect(cleaned).toMatchObject({ removed: [{ keys: ["f"], reason: "age" }], kept: { entryCount: 4 } });
});

test("a cache that has become small has no ledger", async () => {
  const { large } = await withLedger();
  for (const key of large.keys()) rmSync(large.made.keyPath(key));
  large.made.addEntry("small", { f: "content" });
  await large.clean();
  expect(existsSync(large.ledger)).toBe(false);
  expect(large.namesIn("objects")).toEqual(large.nameObjects(["content"]));
});
