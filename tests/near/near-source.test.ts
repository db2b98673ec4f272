import { beforeEach, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { BtdtError, type ErrorCode } from "../../src/base/errors.ts";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import type { RecordVerifier } from "../../src/key/signed-record.ts";
import { NearSource } from "../../src/near/near-source.ts";
import { type EntrySource, openDirectorySource } from "../../src/restore/entry-source.ts";
import type { RestoreResult } from "../../src/restore/request.ts";
import { restoreEntry } from "../../src/restore/restore.ts";
import { NO_GLOBS } from "../../src/sharing/share-globs.ts";
import { storeEntry } from "../../src/store/store.ts";
import type { Runtime } from "../../src/work/runtime.ts";
import { snapshotTree } from "../support/compare-trees.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { rejection } from "../support/rejection.ts";
import { Scratch } from "../support/scratch.ts";
import { STORE_SETTINGS } from "../support/store-settings.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
let far: CacheDirectory;
let near: CacheDirectory;
let warnings: string[];

beforeEach(async () => {
  far = CacheDirectory.open(scratch.directory("far"));
  near = CacheDirectory.open(scratch.directory("near"));
  warnings = [];
  makeTree(scratch.path("tree"), dir({ f: file("content"), large: file(new Uint8Array(5_000_000).fill(3)) }));
  await store(["key-1", "key-2"]);
});

const runtime = { ...inlineRuntime(), onWarning: (warning: string) => void warnings.push(warning) };

async function store(keys: readonly [string, ...string[]], cache = far, name = "tree"): Promise<void> {
  const request = {
    cache,
    keys,
    sources: [scratch.path(name)] as const,
    ...STORE_SETTINGS,
    storage: "packs" as const,
  };
  await storeEntry(request, runtime);
}

/** A far cache whose methods fail, once they are called. */
function failing(code: ErrorCode): EntrySource {
  const fail = (): never => {
    throw new BtdtError(code, "the far cache is down");
  };
  return {
    ...openDirectorySource(far, runtime),
    findRecord: async () => fail(),
    find: async () => fail(),
    listFallbackKeys: async function* () {
      yield fail();
    },
  };
}

async function restore(
  source: EntrySource,
  keys: readonly [string, ...string[]],
  to: string,
  fallbackPrefixes: readonly string[] = [],
  explainRefusal?: RecordVerifier,
  given: Runtime = runtime,
): Promise<{ readonly result: RestoreResult; readonly outage: BtdtError | undefined }> {
  const both = new NearSource(near, source, NO_GLOBS, given);
  const request = {
    keys,
    fallbackPrefixes,
    places: { kind: "named" as const, paths: [scratch.path(to)] as const },
    linkMode: "auto" as const,
    globs: NO_GLOBS,
    exact: false,
    verify: false,
    explainRefusal,
  };
  const result = await restoreEntry(request, [both, both.openDirect()], given);
  return { result, outage: both.outage };
}

test("if the far cache cannot be reached, what the local one has is restored with one warning", async () => {
  await restore(openDirectorySource(far, runtime), ["key-1"], "first");
  for (const [name, keys, prefixes] of [
    ["hit", ["key-1"], []],
    ["fallback", ["none", "key-1"], []],
    ["prefix", ["none"], ["key-"]],
  ] as const) {
    warnings = [];
    const { result } = await restore(failing("BUCKET_UNAVAILABLE"), keys, name, prefixes);
    expect(result).toMatchObject({ key: "key-1", isUseNoted: false });
    expect(snapshotTree(scratch.path(name))).toEqual(snapshotTree(scratch.path("tree")));
    expect(warnings).toEqual([expect.stringContaining("the far cache is down; only what ")]);
  }
});

test("if it cannot be reached, what the local one lacks is no ordinary miss", async () => {
  const { result, outage } = await restore(failing("BUCKET_UNAVAILABLE"), ["key-1"], "to");
  expect(result.outcome).toBe("miss");
  expect(outage?.code).toBe("BUCKET_UNAVAILABLE");
});

test("what has to be set up is an error, whatever the local cache has", async () => {
  await restore(openDirectorySource(far, runtime), ["key-1"], "first");
  const error = await rejection(restore(failing("BUCKET_NOT_ACCESSIBLE"), ["key-1"], "to"));
  expect(error).toMatchObject({ code: "BUCKET_NOT_ACCESSIBLE" });
});

test("where entries must be signed, what the local cache says of their origin counts for nothing", async () => {
  makeTree(scratch.path("forged"), dir({ f: file("forged!") }));
  await store(["key-1"], near, "forged");
  const keyFile = scratch.path("near", "btdt-v1/keys/key-1");
  const readTrees = (path: string) => JSON.parse(readFileSync(path, "utf8")).trees;
  const origins = readTrees(scratch.path("far", "btdt-v1/keys/key-1")).map(
    ({ manifest }: { readonly manifest: string }) => manifest,
  );
  writeFileSync(keyFile, JSON.stringify({ ...JSON.parse(readFileSync(keyFile, "utf8")), origins }));
  const source = openDirectorySource(far, runtime);
  await restore(source, ["key-1"], "unverified");
  expect(readFileSync(scratch.path("unverified", "f"), "utf8")).toBe("forged!");
  await restore(source, ["key-1"], "verified", [], () => undefined);
  expect(snapshotTree(scratch.path("verified"))).toEqual(snapshotTree(scratch.path("tree")));
  const { result } = await restore(source, ["key-1"], "refused", [], () => "it is not signed");
  expect(result).toEqual({ outcome: "miss", unusable: [{ key: "key-1", reason: "it is not signed" }] });
});

test("what a clean evicts from the local cache before it is used is restored from the far one", async () => {
  const source = openDirectorySource(far, runtime);
  // An import ends its progress when the key is published.
  let isEvicted = false;
  const progress = {
    ...runtime.progress,
    end: () => {
      const keyFile = scratch.path("near", "btdt-v1/keys/key-1");
      if (isEvicted || !existsSync(keyFile)) return;
      isEvicted = true;
      rmSync(keyFile);
    },
  };
  const { result } = await restore(source, ["key-1"], "to", [], undefined, { ...runtime, progress });
  expect(isEvicted).toBe(true);
  expect(result).toMatchObject({ outcome: "hit", key: "key-1" });
  expect(snapshotTree(scratch.path("to"))).toEqual(snapshotTree(scratch.path("tree")));
});

test("an entry that is damaged in the far cache is a miss with a warning, and is not kept", async () => {
  const packs = openDirectorySource(far, runtime);
  const damaged = { ...packs, find: async () => ({ kind: "damaged" as const, reason: "its pack is gone" }) };
  const { result } = await restore(damaged, ["key-1"], "to");
  expect(result).toEqual({ outcome: "miss", unusable: [{ key: "key-1", reason: "its pack is gone" }] });
  expect(warnings).toHaveLength(1);
  expect((await restore(packs, ["key-1"], "to")).result.outcome).toBe("hit");
});
