/**
 * Stores trees as one entry, in the order of `docs/concurrency.md`: read a source, announce its manifest as an
 * intent, store its contents, publish the manifests, publish the keys. So a reader sees a whole entry or none, and a
 * store that fails or is killed leaves only garbage for the next clean.
 */

import { display } from "../base/byte-string.ts";
import { publishManifestFile } from "../cache/manifest-files.ts";
import { prepareCache } from "../cache/prepare-cache.ts";
import { Session } from "../cache/session.ts";
import { flush, flushIfCheap } from "../durability/flush.ts";
import { Suspects } from "../durability/suspects.ts";
import { countsOf, type StoredTree } from "../key/key-record.ts";
import type { Runtime } from "../work/runtime.ts";
import { probeVolumes } from "../work/volume-latency.ts";
import { withoutRepetitions } from "../work/without-repetitions.ts";
import { assertNotCancelled } from "./assert-not-cancelled.ts";
import { chooseStorage } from "./choose-storage.ts";
import { TreePacker } from "./keep-in-packs.ts";
import { SourceKeeper } from "./keep-source.ts";
import { publishKeys } from "./publish-keys.ts";
import type { KeptFiles, StoreRequest, StoreResult } from "./request.ts";
import { findSources, type Source } from "./sources.ts";
import { SuspiciousExcludes } from "./suspicious-excludes.ts";

/** Stores trees as one entry under one or more keys. @throws BtdtError */
export async function storeEntry(request: StoreRequest, runtime: Runtime): Promise<StoreResult> {
  const { cache } = request;
  const suspicious = new SuspiciousExcludes(request.excludePatterns, request.sources);
  const sources = findSources(request, cache, suspicious.watched);
  prepareCache(cache);
  const { pool } = runtime.runners;
  probeVolumes(pool, [cache.root]);
  // Others come up while this thread waits for the cache.
  if (pool.isVolumeSlow && sources.some(({ ignoreRules }) => ignoreRules !== undefined)) pool.start("few");
  const session = Session.open(cache);
  try {
    const result = await storeSources(request, sources, session, runtime);
    suspicious.warn(runtime.onWarning);
    return result;
  } finally {
    runtime.progress.end();
    session.close();
  }
}

/** Stores sources that have been examined. @throws BtdtError */
export async function storeSources(
  request: Omit<StoreRequest, "sources" | "excludePatterns">,
  sources: readonly [Source, ...Source[]],
  session: Session,
  givenRuntime: Runtime,
): Promise<StoreResult> {
  const { cache } = request;
  const runtime = withoutRepetitions(givenRuntime);
  const choices = new Map(sources.map(({ path }) => [path, chooseStorage(request, path, session)]));
  const isAnyPacked = [...choices.values()].some(({ isPacked }) => isPacked);
  const suspects = Suspects.find(cache);
  const packer = !isAnyPacked ? undefined : TreePacker.open(cache, session, suspects, request.compression);
  try {
    const keeper = new SourceKeeper(request, { session, suspects, runtime });
    const keep = (source: Source): Promise<StoredTree> =>
      keeper.keep(source, choices.get(source.path)?.isPacked === true ? packer : undefined);
    const [first, ...others] = sources;
    const trees: [StoredTree, ...StoredTree[]] = [await keep(first)];
    for (const source of others) trees.push(await keep(source));
    const { kept, marks, manifestFiles } = keeper;
    if (packer !== undefined) kept.push(await packer.complete(keeper.packed, runtime));
    assertNotCancelled(runtime);

    if (request.durability === "flush") {
      const isAnythingNew = suspects !== undefined || kept.some(({ newBytes }) => newBytes > 0);
      flush(cache, marks, isAnythingNew);
    }
    for (const [digest, file] of manifestFiles) publishManifestFile(cache, session, digest, file);
    const filesBytes = [...manifestFiles.values()].reduce((sum, file) => sum + file.length, 0);
    const sizeBytes = filesBytes + estimateSize(kept, manifestFiles.size + request.keys.length);
    await publishKeys(request, session, { trees }, sizeBytes, runtime);
    if (request.durability === "none") flushIfCheap(cache, marks);
    const obstacles = [...choices].flatMap(([source, { isPacked, obstacle }]) =>
      obstacle === undefined ? [] : [{ source: display(source), isPacked, obstacle }],
    );
    return { trees, ...countsOf(trees), ...sumKept(kept), obstacles };
  } finally {
    await packer?.close();
  }
}

/** The most that a file takes in addition to its content. */
const BLOCK_BYTES = 4096;

/** Not less than what new files take on disk. */
function estimateSize(parts: readonly KeptFiles[], furtherFileCount: number): number {
  const { newBytes, fileCounts } = sumKept(parts);
  const fileCount = fileCounts.linked + fileCounts.reflinked + fileCounts.copied + furtherFileCount;
  return newBytes + fileCount * BLOCK_BYTES;
}

function sumKept(parts: readonly KeptFiles[]): KeptFiles {
  const fileCounts = { reflinked: 0, linked: 0, copied: 0, packed: 0, reused: 0 };
  let newBytes = 0;
  for (const part of parts) {
    for (const outcome of ["reflinked", "linked", "copied", "packed", "reused"] as const) {
      fileCounts[outcome] += part.fileCounts[outcome];
    }
    newBytes += part.newBytes;
  }
  return { newBytes, fileCounts };
}
