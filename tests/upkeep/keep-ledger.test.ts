import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { LedgerReader } from "../../src/ledger/ledger-reader.ts";
import { writeLedger } from "../../src/ledger/write-ledger.ts";
import { cleanCache } from "../../src/upkeep/clean.ts";
import type { CleanResult } from "../../src/upkeep/clean-result.ts";
import { HandMadeCache } from "../support/hand-made-cache.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const MANY_FILES = 1_000_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const now = (): number => Date.now() / 1000;

/** A cache whose keys state so many files that a clean leaves a ledger. */
class LargeCache {
  readonly made = new HandMadeCache(scratch);

  add(key: string, contents: readonly string[], usedSeconds = now()): string {
    const tree = Object.fromEntries(contents.map((content) => [content, content]));
    for (const content of contents) this.made.addObject(content);
    const manifest = this.made.addManifest(tree);
    this.made.addKey(key, [manifest], usedSeconds, MANY_FILES);
    return manifest;
  }

  async clean(maxAgeMs?: number, dryRun = false): Promise<CleanResult> {
    const cache = CacheDirectory.open(this.made.directory.path);
    return await cleanCache({ cache, maxAgeMs, maxSizeBytes: undefined, dryRun }, inlineRuntime());
  }

  /** Changes the bytes of a manifest, which only reading it would show. */
  spoil(manifest: string): void {
    const path = this.made.manifestPath(manifest);
    const { atimeMs, mtimeMs } = statSync(path);
    writeFileSync(path, readFileSync(path).fill(0));
    utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
  }

  get ledger(): string {
    return `${this.made.directory.root}/ledger`;
  }

  namesIn(part: "objects" | "manifests"): string[] {
    const names = readdirSync(this.made.directory[part], { recursive: true }).map(String);
    return names.flatMap((name) => name.split("/")[1] ?? []).toSorted();
  }

  /** The names of objects with these contents. */
  nameObjects(contents: Iterable<string>): string[] {
    return [...new Set(contents)]
      .map((content) => this.made.describe(content).object.split("/").at(-1) ?? "")
      .toSorted();
  }

  keys(): string[] {
    return readdirSync(this.made.directory.keys).toSorted();
  }
}

/** With entries of its own that share an object, and a ledger of them. */
async function withLedger(): Promise<{ large: LargeCache; manifests: string[] }> {
  const large = new LargeCache();
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

const CONTENTS = ["p", "q", "r", "s", "t", "u"] as const;
const KEYS = ["k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"] as const;

const steps = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("store" as const),
      key: fc.constantFrom(...KEYS),
      contents: fc.subarray([...CONTENTS], { minLength: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("delete" as const), key: fc.constantFrom(...KEYS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("expire" as const), key: fc.constantFrom(...KEYS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("drop" as const), content: fc.constantFrom(...CONTENTS) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("clean" as const) }) },
);

test("whatever comes and goes between cleans, exactly what entries need stays", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 4, maxLength: 16 }), async (all) => {
      const large = new LargeCache();
      const entries = new Map<string, readonly string[]>(
        KEYS.map((key, index) => [key, [CONTENTS[index % CONTENTS.length] ?? "", `own of ${key}`]]),
      );
      for (const [key, contents] of entries) large.add(key, contents);
      await large.clean(DAY_MS);
      const expired = new Set<string>();
      for (const step of [...all, { kind: "clean" as const }]) {
        switch (step.kind) {
          case "store":
            large.add(step.key, step.contents);
            entries.set(step.key, step.contents);
            expired.delete(step.key);
            break;
          case "delete":
            rmSync(large.made.keyPath(step.key), { force: true });
            entries.delete(step.key);
            break;
          case "expire":
            if (!entries.has(step.key)) break;
            utimesSync(large.made.keyPath(step.key), 1_000_000_000, 1_000_000_000);
            expired.add(step.key);
            break;
          case "drop":
            rmSync(large.made.describe(step.content).object, { force: true });
            break;
          case "clean": {
            const there = new Set(large.namesIn("objects"));
            // Keys of the same tree are one entry, used last by the latest.
            const idOf = (contents: readonly string[]): string => [...contents].toSorted().join();
            const used = new Set(
              [...entries].flatMap(([key, contents]) => (expired.has(key) ? [] : [idOf(contents)])),
            );
            for (const [key, contents] of entries) {
              const isWhole = large.nameObjects(contents).every((name) => there.has(name));
              if (!isWhole || !used.has(idOf(contents))) entries.delete(key);
            }
            await large.clean(DAY_MS);
            expect(large.keys()).toEqual([...entries.keys()].toSorted());
            expect(large.namesIn("objects")).toEqual(large.nameObjects([...entries.values()].flat()));
            expect(large.namesIn("manifests")).toHaveLength(new Set([...entries.values()].map(idOf)).size);
            break;
          }
        }
      }
    }),
    { numRuns: 12 },
  );
});
