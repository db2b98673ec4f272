import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { findEntry } from "../../src/entry/find-entry.ts";
import { HandMadeCache } from "../support/hand-made-cache.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

test("a key is found with the manifests of its trees, in their order", async () => {
  const cache = new HandMadeCache(scratch);
  const manifests = [cache.addManifest({ f: "one" }), cache.addManifest({ g: "two" })] as const;
  cache.addKey("k", manifests);
  const found = await findEntry(cache.directory, "k");
  if (found.kind !== "found") throw new Error(found.kind);
  expect(found.trees.map(({ stored }) => stored.manifest)).toEqual([...manifests]);
  expect(found.trees.map(({ manifest }): string => manifest.fileName(0))).toEqual(["f", "g"]);
});

test("an absent entry is missing; a wrong one is damaged", async () => {
  const cache = new HandMadeCache(scratch);
  expect(await findEntry(cache.directory, "none")).toEqual({ kind: "missing" });
  const manifest = cache.addEntry("k", { f: "content" });
  writeFileSync(cache.manifestPath(manifest), "altered");
  expect(await findEntry(cache.directory, "k")).toMatchObject({ kind: "damaged" });
  rmSync(cache.manifestPath(manifest));
  expect(await findEntry(cache.directory, "k")).toEqual({
    kind: "damaged",
    reason: "its manifest is missing",
  });
  writeFileSync(cache.keyPath("k"), "{");
  expect(await findEntry(cache.directory, "k")).toMatchObject({ kind: "damaged" });
});
