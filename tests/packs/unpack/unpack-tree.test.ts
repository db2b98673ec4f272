import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../../src/base/byte-string.ts";
import { CacheDirectory } from "../../../src/cache/cache-directory.ts";
import type { Manifest } from "../../../src/manifest/manifest.ts";
import { findPackedFiles } from "../../../src/packs/unpack/find-packed-files.ts";
import { planUnpack, type UnpackPlan } from "../../../src/packs/unpack/unpack-plan.ts";
import { unpackTree } from "../../../src/packs/unpack/unpack-tree.ts";
import { IgnoreRules } from "../../../src/read/ignore-rules.ts";
import { readTree } from "../../../src/read/read-tree.ts";
import { storeEntry } from "../../../src/store/store.ts";
import { createPause } from "../../../src/work/breather.ts";
import { fileDigest } from "../../support/expected-digests.ts";
import { inlineRuntime } from "../../support/inline-runtime.ts";
import { Scratch } from "../../support/scratch.ts";
import { STORE_SETTINGS } from "../../support/store-settings.ts";

const scratch = Scratch.use();

const LARGE_BYTES = 9_500_000;

function makeSource(name: string, sizes: Readonly<Record<string, number>>): string {
  const source = scratch.directory(name);
  for (const [file, sizeBytes] of Object.entries(sizes)) {
    writeFileSync(join(source, file), Buffer.alloc(sizeBytes, `${name} ${file} ${sizeBytes}`));
  }
  return source;
}

async function store(source: string): Promise<CacheDirectory> {
  const cache = CacheDirectory.open(scratch.directory("cache"));
  const request = {
    cache,
    keys: [source] as const,
    sources: [source] as const,
    ...STORE_SETTINGS,
    storage: "packs" as const,
  };
  await storeEntry(request, inlineRuntime());
  return cache;
}

async function plan(
  cache: CacheDirectory,
  source: string,
): Promise<{ readonly manifest: Manifest; readonly plan: UnpackPlan }> {
  const pause = createPause(() => false);
  const options = { ignoreRules: new IgnoreRules([], false), onWarning: () => undefined, pause };
  const manifest = await readTree(bytesFromText(source), options, inlineRuntime().runners);
  const packed = findPackedFiles(cache, manifest, new Set(), () => undefined);
  if (packed === undefined) throw new Error("nothing is packed");
  return { manifest, plan: planUnpack(manifest, packed, undefined) };
}

function target(cache: CacheDirectory, manifest: Manifest, name: string) {
  return {
    cache,
    manifest,
    staging: bytesFromText(scratch.directory(name)),
    umask: 0o022,
    isAdopted: true,
    sharing: new Uint8Array(manifest.counts.fileCount),
    damageFlag: new Int32Array(1),
    remote: undefined,
  };
}

/** Paths of all objects, whose content must be what their names say. */
function wholeObjects(cache: CacheDirectory): string[] {
  const names = readdirSync(cache.objects, { recursive: true }).map(String);
  const objects = names.filter((name) => name.includes("/")).map((name) => join(cache.objects, name));
  for (const path of objects) {
    const digest = fileDigest(readFileSync(path)).toString("hex");
    expect(path).toContain(`/${digest.slice(0, 2)}/${digest}-`);
  }
  return objects;
}

test("cancelled at any moment it says so, and nothing half written becomes an object", async () => {
  const source = makeSource("from", { small: 100, other: 2000, large: LARGE_BYTES });
  const cache = await store(source);
  let questions = 0;
  for (let moment = 1; moment < 100; moment++) {
    const planned = await plan(cache, source);
    let asked = 0;
    const { runners } = inlineRuntime(() => ++asked >= moment);
    const unpacking = unpackTree(planned.plan, target(cache, planned.manifest, `to${moment}`), runners);
    const outcome = await unpacking.catch((error: unknown) => error);
    const objects = wholeObjects(cache);
    if (asked < moment) {
      expect(outcome).toMatchObject({ fileCount: 3, problems: [], damagedBlocks: [] });
      expect(objects).toHaveLength(3);
      break;
    }
    expect(outcome).toMatchObject({ code: "CANCELLED" });
    for (const path of objects) rmSync(path);
    questions = moment;
  }
  // Once for each block, and for the second file in the first one; more often on a slow machine.
  expect(questions).toBeGreaterThanOrEqual(5);
});

test("a pack that is replaced by another one after the plan was made is no loss", async () => {
  const source = makeSource("from", { small: 100, large: LARGE_BYTES });
  const cache = await store(source);
  const { manifest, plan: planned } = await plan(cache, source);
  rmSync(cache.packs, { recursive: true });
  mkdirSync(cache.packs);
  await store(source);
  // A name of its own, although the contents are the same.
  expect(planned.contents.packs.map(({ name }) => name)).not.toEqual(readdirSync(cache.packs));
  const unpacked = await unpackTree(planned, target(cache, manifest, "to"), inlineRuntime().runners);
  expect(unpacked).toMatchObject({ fileCount: 2, problems: [] });
  for (const name of ["small", "large"]) {
    expect(readFileSync(scratch.path("to", name)).equals(readFileSync(join(source, name)))).toBe(true);
  }
});

test("a pack that is gone for good is told apart from one that is damaged or cannot be read", async () => {
  const source = makeSource("from", { small: 100, large: LARGE_BYTES });
  const cache = await store(source);
  const [name = ""] = readdirSync(cache.packs);
  const pack = join(cache.packs, name);
  const { manifest, plan: planned } = await plan(cache, source);
  renameSync(pack, scratch.path("away"));
  const gone = await unpackTree(planned, target(cache, manifest, "gone"), inlineRuntime().runners);
  expect(gone.problems.map(({ problem }) => problem.kind)).toEqual(["gone", "gone"]);
  expect(gone.damagedBlocks).toEqual([]);
  renameSync(scratch.path("away"), pack);

  const bytes = readFileSync(join(pack, "pack"));
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  writeFileSync(join(pack, "pack"), bytes);
  const damaged = await unpackTree(planned, target(cache, manifest, "damaged"), inlineRuntime().runners);
  expect(new Set(damaged.problems.map(({ problem }) => problem.kind))).toEqual(new Set(["damaged"]));
  expect(damaged.damagedBlocks).toEqual([{ pack: name, block: expect.any(Number) }]);
  expect(wholeObjects(cache).length).toBeLessThan(2);
});

test("a manifest that states another size for a content marks no block as damaged", async () => {
  const source = makeSource("from", { small: 100, other: 50, large: LARGE_BYTES });
  const cache = await store(source);
  for (const alter of [
    (manifest: Manifest) => {
      manifest.fileSizes[2] = 101;
    },
    (manifest: Manifest) => {
      manifest.fileDigests[3 * 32 - 1] = (manifest.fileDigests[3 * 32 - 1] ?? 0) ^ 1;
    },
  ]) {
    const { manifest, plan: planned } = await plan(cache, source);
    expect(manifest.fileName(2)).toBe(bytesFromText("small"));
    alter(manifest);
    const staging = target(cache, manifest, `to${crypto.randomUUID()}`);
    const unpacked = await unpackTree(planned, staging, inlineRuntime().runners);
    expect(unpacked.problems).toEqual([{ file: 2, problem: { kind: "damaged" } }]);
    expect(unpacked.damagedBlocks).toEqual([]);
  }
});
