import type { ByteString } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-directory.ts";
import { withSharedLock } from "../cache/cache-lock.ts";
import { publishKeyFile } from "../cache/key-files.ts";
import { publishManifestFile } from "../cache/manifest-files.ts";
import { Session } from "../cache/session.ts";
import { errnoOf } from "../fs/errno.ts";
import { lstat } from "../fs/native/file-status.ts";
import { countsOf, encodeKeyFile, keyFileName, type StoredTree } from "../key/key-file.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { reuseObjectTimes, timesOf } from "../objects/reuse-object-times.ts";
import { type Digester, hashOnly } from "../read/digester.ts";
import type { IgnoreRules } from "../read/ignore-rules.ts";
import { readSingleFile } from "../read/read-single-file.ts";
import { readTree } from "../read/read-tree.ts";
import type { Runtime } from "../work/runtime.ts";
import { announceManifest } from "./announce-manifest.ts";
import { adoptTree } from "./keep-as-objects.ts";
import { type PackedSource, TreePacker } from "./keep-in-packs.ts";
import type { KeptFiles, StoreRequest, StoreResult } from "./request.ts";
import { findSources, type Source } from "./sources.ts";

/**
 * Keeps trees as one entry under one or more keys.
 *
 * Contents come first, then the manifests, then the keys, so that a reader sees a whole entry or none, and a store that
 * fails or is killed leaves nothing but garbage for the next clean. The session's intents (see Session) guard what is being
 * stored from a clean that runs meanwhile.
 * @throws BtdtError
 */
export async function storeEntry(request: StoreRequest, runtime: Runtime): Promise<StoreResult> {
  const { cache } = request;
  const sources = findSources(request, cache);
  cache.prepareForWriting();
  const session = Session.open(cache);
  try {
    return await storeSources(request, sources, session, runtime);
  } finally {
    runtime.progress.end();
    session.close();
  }
}

/**
 * Keeps what stands at paths that have been looked at.
 * @throws BtdtError
 */
export async function storeSources(
  request: Omit<StoreRequest, "sources" | "excludePatterns">,
  sources: readonly [Source, ...Source[]],
  session: Session,
  runtime: Runtime,
): Promise<StoreResult> {
  const { cache } = request;
  let packer: TreePacker | undefined;
  const packedSources: PackedSource[] = [];
  const manifestFiles = new Map<string, Uint8Array>();
  const kept: KeptFiles[] = [];
  const keep = async ({ path, ignoreRules, recordedPath }: Source): Promise<StoredTree> => {
    const isPackedSource = isPacked(request, path);
    if (isPackedSource) packer ??= TreePacker.open(cache, session, request.compression);
    const digester = isPackedSource && packer !== undefined ? packer.digester : hashOnly;
    runtime.progress.begin({ name: isPackedSource ? "packing" : "reading", unit: "bytes" });
    const manifest = await readSource(cache, path, ignoreRules, digester, runtime);
    assertNotCancelled(runtime);
    const sourceTimes = request.ignoreMtime ? reuseObjectTimes(manifest, cache.objects) : timesOf(manifest);
    const use = { keys: request.keys, path: recordedPath, asDelta: isPackedSource };
    const announced = await announceManifest(cache, session, use, manifest, runtime.isCancelled);
    manifestFiles.set(announced.digest, announced.file);
    if (isPackedSource) packedSources.push({ source: path, manifest });
    else kept.push(await adoptTree(request, path, manifest, sourceTimes, session, runtime));
    assertNotCancelled(runtime);
    return {
      ...(recordedPath === undefined ? {} : { path: recordedPath }),
      manifest: announced.digest,
      fileCount: manifest.counts.fileCount,
      contentBytes: manifest.contentBytes(),
    };
  };
  try {
    const [first, ...others] = sources;
    const trees: [StoredTree, ...StoredTree[]] = [await keep(first)];
    for (const source of others) trees.push(await keep(source));
    if (packer !== undefined) kept.push(await packer.complete(packedSources, runtime));
    assertNotCancelled(runtime);

    for (const [digest, bytes] of manifestFiles) publishManifestFile(cache, session, digest, bytes);
    const storedAt = new Date(runtime.nowMs()).toISOString();
    // A clean that has looked at a key's old entry could remove the new key in its stead.
    await withSharedLock(cache, runtime.isCancelled, () => {
      for (const key of request.keys) {
        publishKeyFile(cache, session, keyFileName(key), encodeKeyFile({ key, storedAt, trees }));
      }
    });
    return { trees, ...countsOf(trees), ...sum(kept) };
  } finally {
    await packer?.close();
  }
}

function sum(parts: readonly KeptFiles[]): KeptFiles {
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

/** Hard links, the point of objects, need the source to be on the cache's own file system. */
function isPacked({ cache, storage }: Pick<StoreRequest, "cache" | "storage">, source: ByteString): boolean {
  switch (storage) {
    case "auto":
      return lstat(source)?.device !== cache.rootStatus()?.device;
    case "objects":
      return false;
    case "packs":
      return true;
  }
}

async function readSource(
  cache: CacheDirectory,
  source: ByteString,
  ignoreRules: IgnoreRules | undefined,
  digester: Digester,
  runtime: Runtime,
): Promise<Manifest> {
  try {
    if (ignoreRules === undefined) {
      runtime.progress.expectFiles(1);
      return await readSingleFile(source, runtime.runners, digester);
    }
    const options = {
      ignoreRules,
      excludedDirectory: cache.rootStatus(),
      onWarning: runtime.onWarning,
      onWalked: (fileCount: number) => runtime.progress.expectFiles(fileCount),
    };
    return await readTree(source, options, runtime.runners, digester);
  } catch (error) {
    // What the source does wrong is a BtdtError by now; the rest is the pack's, which is written meanwhile.
    throw errnoOf(error) === undefined ? error : cacheWriteError(cache, error);
  }
}

function assertNotCancelled(runtime: Runtime): void {
  if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before anything was stored");
}
