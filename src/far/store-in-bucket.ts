/**
 * Stores trees in a bucket: looks at the nearest entry (`nearest-entry`, `held-packs`), uploads what it does not have
 * while the sources are read (`bucket-packer`), and publishes the keys within a day of having looked (`protocol`).
 */
import type { ObjectStore } from "../bucket/object-store.ts";
import { countsOf, type StoredTree } from "../key/key-record.ts";
import { addSignature } from "../key/signed-record.ts";
import { assertNotCancelled } from "../store/assert-not-cancelled.ts";
import type { StoreRequest, StoreResult } from "../store/request.ts";
import { findSources, type Source } from "../store/sources.ts";
import { SuspiciousExcludes } from "../store/suspicious-excludes.ts";
import type { Runtime } from "../work/runtime.ts";
import { FORMAT_NAME, keyName } from "./bucket-layout.ts";
import { BucketPacker } from "./bucket-packer.ts";
import { encodeBucketRecord } from "./bucket-record.ts";
import { checkFormat, writeFormat } from "./check-format.ts";
import { HeldPacks } from "./held-packs.ts";
import { findNearestEntry } from "./nearest-entry.ts";
import { isPublishedInTime, mayPublish } from "./protocol.ts";

/**
 * Stores trees as one entry under one or more keys.
 * @param request its cache directory is the near one, or an empty one
 * @throws BtdtError
 */
export async function storeInBucket(
  request: StoreRequest,
  store: ObjectStore,
  runtime: Runtime,
): Promise<StoreResult> {
  const suspicious = new SuspiciousExcludes(request.excludePatterns, request.sources);
  const sources = findSources(request, request.cache, suspicious.watched);
  const stored = await storeSourcesInBucket(request, sources, store, runtime);
  suspicious.warn(runtime.onWarning);
  return stored;
}

/** Stores sources that have been examined. @throws BtdtError */
export async function storeSourcesInBucket(
  request: SourceRequest,
  sources: readonly [Source, ...Source[]],
  store: ObjectStore,
  runtime: Runtime,
): Promise<StoreResult> {
  try {
    for (;;) {
      const stored = await storeOnce(request, sources, store, runtime);
      if (stored !== "late") return stored;
      runtime.onWarning("storing took a day, so what it was based on may be gone: storing again");
    }
  } finally {
    runtime.progress.end();
  }
}

type SourceRequest = Omit<StoreRequest, "sources" | "excludePatterns">;

/** `late` if a clean may have deleted what it counted on. */
async function storeOnce(
  request: SourceRequest,
  sources: readonly [Source, ...Source[]],
  store: ObjectStore,
  runtime: Runtime,
): Promise<StoreResult | "late"> {
  const [isPrepared, nearest] = await Promise.all([
    checkFormat(store),
    findNearestEntry(store, request.keys),
  ]);
  const held = await HeldPacks.open(store, nearest.record);
  const packer = new BucketPacker(request, store, held);
  try {
    const [first, ...others] = sources;
    const trees: [StoredTree, ...StoredTree[]] = [await packer.read(first, runtime)];
    for (const source of others) trees.push(await packer.read(source, runtime));
    const { packs, ...kept } = await packer.complete(runtime);
    assertNotCancelled(runtime);
    if (!isPrepared) await writeFormat(store);
    const { serverMs } = await store.get(FORMAT_NAME);
    if (!mayPublish(serverMs - nearest.serverMs)) return "late";
    const sinceThen = startClock();
    const storedAt = new Date(serverMs).toISOString();
    await Promise.all(
      request.keys.map((key) => {
        const record = addSignature({ key, storedAt, trees, packs }, request.sign);
        return store.put(keyName(key), encodeBucketRecord(record));
      }),
    );
    if (!isPublishedInTime(serverMs - nearest.serverMs + sinceThen())) return "late";
    return { trees, ...countsOf(trees), ...kept, obstacles: [] };
  } finally {
    await packer.close();
  }
}

/** Milliseconds since now. Neither clock alone sees both that the machine was suspended and that its time was set back. */
function startClock(): () => number {
  const [monotonic, wall] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - monotonic, Date.now() - wall);
}
