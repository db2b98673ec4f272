import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { DEFAULT_COMPRESSION } from "../../src/base/compression.ts";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { prepareCache } from "../../src/cache/prepare-cache.ts";
import { Session } from "../../src/cache/session.ts";
import { PackContents } from "../../src/packs/contents/pack-contents.ts";
import { IgnoreRules } from "../../src/read/ignore-rules.ts";
import { readTree } from "../../src/read/read-tree.ts";
import { TreePacker } from "../../src/store/keep-in-packs.ts";
import { createPause } from "../../src/work/breather.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const runtime = inlineRuntime();

/** Packs a tree; `meanwhile` happens after it was read and before its contents are made sure of. */
async function pack(cache: CacheDirectory, source: string, meanwhile: () => void): Promise<number> {
  const session = Session.open(cache);
  const packer = TreePacker.open(cache, session, undefined, DEFAULT_COMPRESSION);
  try {
    const root = bytesFromText(source);
    const pause = createPause(() => false);
    const options = { ignoreRules: new IgnoreRules([], false), onWarning: () => undefined, pause };
    const manifest = await readTree(root, options, runtime.runners, packer.digester);
    meanwhile();
    return (await packer.complete([{ source: root, manifest }], runtime)).fileCounts.packed;
  } finally {
    await packer.close();
    session.close();
  }
}

test("a list of chunks that a clean removes after it was found is written again", async () => {
  const cachePath = scratch.freshDirectory();
  const cache = CacheDirectory.open(cachePath);
  prepareCache(cache);
  const packs = join(cachePath, "btdt-v1", "packs");
  const chunks = ["a", "b", "c"].map((letter) => Buffer.alloc(4 * 1024 * 1024, letter));
  const [longer, shorter] = [scratch.freshDirectory(), scratch.freshDirectory()];
  writeFileSync(join(longer, "large"), Buffer.concat(chunks));
  writeFileSync(join(shorter, "large"), Buffer.concat(chunks.slice(0, 2)));

  // One pack has all chunks, another one nothing but the list of the shorter file.
  await pack(cache, longer, () => undefined);
  const [withChunks] = readdirSync(packs);
  await pack(cache, shorter, () => undefined);
  const withList = readdirSync(packs).find((name) => name !== withChunks);
  expect(withList).toBeString();
  writeFileSync(join(shorter, "new"), "so that there is a pack of its own");
  await pack(cache, shorter, () => rmSync(join(packs, withList ?? ""), { recursive: true }));
  const lists = PackContents.load(cache).packs.map(({ index }) => index.counts.largeCount);
  expect(lists.toSorted((left, right) => left - right)).toEqual([0, 1, 1]);
});

test("contents that a clean removes after they were found are read again", async () => {
  const cachePath = scratch.fresh();
  mkdirSync(cachePath);
  const cache = CacheDirectory.open(cachePath);
  prepareCache(cache);
  const source = scratch.fresh();
  mkdirSync(join(source, "d"), { recursive: true });
  writeFileSync(join(source, "small"), "small");
  writeFileSync(join(source, "d", "other"), "other");
  writeFileSync(join(source, "large"), Buffer.alloc(9_000_000, "large"));
  const packs = join(cachePath, "btdt-v1", "packs");

  expect(await pack(cache, source, () => undefined)).toBe(3);
  expect(await pack(cache, source, () => undefined)).toBe(0);
  expect(readdirSync(packs)).toHaveLength(1);
  const remove = (): void => {
    for (const name of readdirSync(packs)) rmSync(join(packs, name), { recursive: true });
  };
  expect(await pack(cache, source, remove)).toBe(3);
  const [held] = PackContents.load(cache).packs;
  expect(held?.index.counts).toEqual({ blockCount: 4, contentCount: 5, largeCount: 1, chunkCount: 3 });

  writeFileSync(join(source, "small"), "was different");
  const changeAndRemove = (): void => {
    remove();
    writeFileSync(join(source, "small"), "changed again");
  };
  const failure = await pack(cache, source, changeAndRemove).catch((error: unknown) => error);
  // What had not been there before is in the new pack already, as it was when it was read.
  expect(failure).toBe(3);
  await pack(cache, source, () => undefined);
  const changeAndForget = (): void => {
    remove();
    writeFileSync(join(source, "small"), "changed for good");
  };
  expect(await pack(cache, source, changeAndForget).catch((error: unknown) => error)).toEqual(
    expect.objectContaining({ code: "SOURCE_CHANGED" }),
  );
});
