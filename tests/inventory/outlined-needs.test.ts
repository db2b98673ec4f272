import { afterAll, expect, test } from "bun:test";
import { mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as fc from "fast-check";
import { Doubts } from "../../src/inventory/doubts.ts";
import { findPacks } from "../../src/inventory/find-packs.ts";
import { Items } from "../../src/inventory/items.ts";
import { listFiles } from "../../src/inventory/list-files.ts";
import type { Needs } from "../../src/inventory/needs.ts";
import { NeedsFinder } from "../../src/inventory/needs-finder.ts";
import { outlineManifestJob } from "../../src/inventory/outline-manifest-job.ts";
import { OutlinedNeeds } from "../../src/inventory/outlined-needs.ts";
import { manifestDigestOf } from "../../src/manifest/codec.ts";
import { encodeDelta, readBaseManifest } from "../../src/manifest/delta-codec.ts";
import { twinOf } from "../../src/objects/object-name.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import type { Runner } from "../../src/work/job.ts";
import { CountingPool } from "../support/counting-pool.ts";
import { HandMadeCache } from "../support/hand-made-cache.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory } from "../support/listed-tree.ts";
import { Scratch } from "../support/scratch.ts";
import { UNCANCELLED } from "../support/uncancelled.ts";

const scratch = Scratch.use();
const inline = new InlineRunner(UNCANCELLED);
const UNHURRIED = { ...UNCANCELLED, isOverdue: () => false, mayTakeLong: true };

const pool = new CountingPool();
afterAll(() => pool.close());

interface Finders {
  readonly items: Items;
  readonly finder: NeedsFinder;
  readonly outlined: OutlinedNeeds;
  /** What was read as a whole. */
  readonly readDigests: (string | undefined)[];
}

async function findersOf(cache: HandMadeCache, runner: Runner = inline): Promise<Finders> {
  const doubts = new Doubts();
  const readable = findPacks(cache.directory, doubts);
  const items = new Items(readable.packs);
  await listFiles(cache.directory, items, doubts, { runner, pause: () => undefined });
  const readDigests: (string | undefined)[] = [];
  const finder = new NeedsFinder(cache.directory, items, readable, (_manifest, digest) => {
    readDigests.push(digest);
  });
  const outlined = new OutlinedNeeds(cache.directory, items, finder, runner, () => true);
  return { items, finder, outlined, readDigests };
}

function describe({ items }: Finders, needs: Needs): object {
  return { ...needs, items: [...needs.items].map((item) => items.nameOf(item)) };
}

/** @returns those manifests that outlines were enough for */
async function compare(
  cache: HandMadeCache,
  digests: readonly string[],
  runner: Runner = inline,
): Promise<string[]> {
  const reference = await findersOf(cache);
  const finders = await findersOf(cache, runner);
  const { outlined, readDigests } = finders;
  outlined.noteSizes([{ manifests: digests, fileCount: 1000 }]);
  outlined.expect(digests.map((digest) => ({ digest, fileCount: 250_000 })));
  for (const digest of digests) {
    await outlined.prepare(digest);
    const found = describe(finders, outlined.find(digest));
    expect(found).toEqual(describe(reference, reference.finder.find(digest)));
    expect(describe(finders, outlined.find(digest))).toEqual(found);
  }
  return digests.filter((digest) => !readDigests.includes(digest));
}

/** What befalls the object of a content. */
const FATES = ["kept", "exclusive", "both", "missing", "short", "touched", "halfBoth"] as const;

function spoil(cache: HandMadeCache, content: string, fate: (typeof FATES)[number]): void {
  const object = cache.addObject(content);
  const twin = join(dirname(object), twinOf(basename(object)));
  if (fate === "exclusive" || fate === "both" || fate === "halfBoth") {
    writeFileSync(twin, content, { mode: 0o644 });
    utimesSync(twin, 1_000_000_000, 1_000_000_000);
  }
  if (fate === "missing" || fate === "exclusive") rmSync(object);
  if (fate === "short") truncateSync(object, 1);
  if (fate === "touched" || fate === "halfBoth") utimesSync(object, 1_234_567_890, 1_234_567_890);
}

test("outlines tell the same as manifests", async () => {
  const contents = fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 12 });
  const trees = fc.array(contents, { minLength: 1, maxLength: 5 });
  const fates = fc.array(fc.constantFrom(...FATES), { minLength: 1, maxLength: 7 });
  await fc.assert(
    fc.asyncProperty(trees, fates, async (entries, chosen) => {
      const cache = new HandMadeCache(scratch);
      for (const [index, fate] of chosen.entries()) spoil(cache, `content ${index + 1}`, fate);
      const digests = entries.map((numbers) => {
        // An empty file has no object.
        const named = numbers.map((number, index) => [`f${index}`, number === 0 ? "" : `content ${number}`]);
        return cache.addManifest(Object.fromEntries(named));
      });
      await compare(cache, [...new Set(digests)]);
    }),
    { numRuns: 60 },
  );
}, 60_000);

test("the manifest of an entry that is whole is not read as a whole", async () => {
  const cache = new HandMadeCache(scratch);
  const whole = cache.addEntry("whole", { a: "1", b: "2", c: "1" });
  const damaged = cache.addEntry("damaged", { a: "1", b: "lost" });
  const alike = cache.addEntry("alike", { a: "1", b: "2", d: "3" });
  const lost = "ab".repeat(32);
  rmSync(cache.addObject("lost"));
  expect(await compare(cache, [whole, damaged, lost, alike])).toEqual([whole, lost, alike]);
  writeFileSync(cache.manifestPath(alike), "altered");
  await compare(cache, [whole, alike, damaged]);
});

test("a delta needs its base as well", async () => {
  const cache = new HandMadeCache(scratch);
  const base = cache.addEntry("base", { a: "1", b: "2" });
  const baseFile = await Bun.file(cache.manifestPath(base)).bytes();
  const { node } = cache.describe("3");
  cache.addObject("3");
  const bytes = encodeDelta(manifestOf(directory({ a: node })), readBaseManifest(baseFile, base));
  const delta = manifestDigestOf(bytes);
  await Bun.write(cache.manifestPath(delta), bytes);
  expect(await compare(cache, [delta, base])).toEqual([delta, base]);
  rmSync(cache.manifestPath(base));
  await compare(cache, [delta, base]);
});

test("threads outline manifests ahead, if there are enough files", async () => {
  const cache = new HandMadeCache(scratch);
  const digests = Array.from({ length: 40 }, (_, entry) => {
    const own = Array.from({ length: 30 }, (_each, index) => {
      return [`f${index}`, index === entry ? `own ${entry}` : `common ${index}`] as const;
    });
    return cache.addEntry(`key ${entry}`, Object.fromEntries(own));
  });
  const [first = "", second = ""] = digests;
  expect(await compare(cache, [first], pool)).toEqual([first]);
  expect(pool.jobCount).toBe(0);
  rmSync(cache.addObject("own 7"));
  expect(await compare(cache, digests, pool)).toEqual(digests.toSpliced(7, 1));
  expect(pool.jobCount).toBe(40);
  expect(await compare(cache, [second, first, ...digests.slice(2).toReversed()], pool)).toHaveLength(39);
});

test("a manifest with few files is read as a whole", async () => {
  const cache = new HandMadeCache(scratch);
  const digest = cache.addEntry("key", { f: "1" });
  const finders = await findersOf(cache);
  finders.outlined.noteSizes([{ manifests: [digest], fileCount: 999 }]);
  expect(finders.outlined.find(digest).condition).toEqual({ kind: "whole" });
  expect(finders.readDigests).toEqual([digest]);
});

test("a manifest that is much larger than its key states is not read by several threads at once", async () => {
  const cache = new HandMadeCache(scratch);
  const digests = ["1", "2", "3"].map((content) => cache.addEntry(content, { f: content }));
  const [, forged = ""] = digests;
  const bytes = Buffer.from(await Bun.file(cache.manifestPath(forged)).bytes());
  bytes.writeUInt32LE(2 ** 31 - 1, 12);
  const { manifests } = cache.directory;
  const larger = manifestDigestOf(bytes);
  mkdirSync(dirname(cache.manifestPath(larger)), { recursive: true });
  await Bun.write(cache.manifestPath(larger), bytes);
  const request = { manifests, digest: larger, known: [] };
  expect(outlineManifestJob.run(request, UNHURRIED)).toBeUndefined();
  expect(outlineManifestJob.run({ ...request, digest: forged }, UNHURRIED)?.fileCount).toBe(1);
  await compare(cache, [larger, ...digests], pool);
});
