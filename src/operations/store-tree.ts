import { statSync } from "node:fs";
import type { CacheDirectory } from "../backends/cache-directory.ts";
import { cacheWriteError } from "../backends/cache-directory.ts";
import { publishKeyFile } from "../backends/key-files.ts";
import { manifestDigestOf, publishManifestFile } from "../backends/manifest-files.ts";
import { Session } from "../backends/session.ts";
import { type ByteString, bytesFromText, shown } from "../base/byte-string.ts";
import type { Compression } from "../base/compression.ts";
import { BtdtError } from "../base/errors.ts";
import type { Storage } from "../base/storage.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { lstat } from "../fs/file-status.ts";
import type { LinkMode, Placement } from "../fs/place-file.ts";
import { isWithin, resolvePath } from "../fs/resolve-path.ts";
import { encodeKeyFile, keyFileName } from "../key/key-file.ts";
import { encodeManifest } from "../manifest/codec.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { reuseObjectTimes, timesOf } from "../objects/reuse-object-times.ts";
import { IgnoreRules } from "../tree/ignore-rules.ts";
import { type FileReader, hashingReader, readSingleFile, readTree } from "../tree/read-tree.ts";
import { adoptTree } from "./adopt-tree.ts";
import { TreePacker } from "./pack-tree.ts";
import type { Runtime } from "./runtime.ts";

export interface StoreRequest {
  readonly cache: CacheDirectory;
  /** All of them will name the entry; those that exist are overwritten. */
  readonly keys: readonly [string, ...string[]];
  readonly source: string;
  readonly excludePatterns: readonly string[];
  readonly ignoreMtime: boolean;
  readonly linkMode: LinkMode;
  readonly storage: Storage;
  readonly compression: Compression;
}

/** What became of the files' contents; empty files have none and count nowhere. */
export interface KeptFiles {
  readonly newBytes: number;
  readonly fileCounts: Record<Placement | "packed" | "reused", number>;
}

export interface StoreResult extends KeptFiles {
  readonly manifestDigest: string;
  readonly fileCount: number;
  readonly contentBytes: number;
}

/**
 * Keeps a tree under one or more keys.
 *
 * Contents come first, then the manifest, then the keys, so that a reader sees a whole entry or none, and a store that
 * fails or is killed leaves nothing but garbage for the next clean. The session's intent (see Session) guards what is being
 * stored from a clean that runs meanwhile.
 * @throws BtdtError
 */
export async function storeTree(request: StoreRequest, runtime: Runtime): Promise<StoreResult> {
  const { cache } = request;
  const { source, isDirectory } = findSource(request.source, cache);
  cache.prepareForWriting();
  const session = Session.open(cache);
  try {
    const ignoreRules = new IgnoreRules(request.excludePatterns, true);
    return await storeSource(request, source, isDirectory ? ignoreRules : undefined, session, runtime);
  } finally {
    runtime.progress.end();
    session.close();
  }
}

/**
 * Keeps what stands at a path that has been looked at.
 * @param ignoreRules undefined for a single file
 * @throws BtdtError
 */
export async function storeSource(
  request: Omit<StoreRequest, "source" | "excludePatterns">,
  source: ByteString,
  ignoreRules: IgnoreRules | undefined,
  session: Session,
  runtime: Runtime,
): Promise<StoreResult> {
  const { cache } = request;
  let packer: TreePacker | undefined;
  try {
    if (isPacked(request, source)) packer = TreePacker.open(cache, session, request.compression);
    runtime.progress.begin({ name: packer === undefined ? "reading" : "packing", unit: "bytes" });
    const manifest = await readSource(cache, source, ignoreRules, packer?.reader ?? hashingReader, runtime);
    assertNotCancelled(runtime);
    const sourceTimes = request.ignoreMtime ? reuseObjectTimes(manifest, cache.objects) : timesOf(manifest);
    const manifestFile = encodeManifest(manifest);
    await session.publishIntent(manifestFile, runtime.isCancelled);
    const kept =
      packer === undefined
        ? await adoptTree(request, source, manifest, sourceTimes, session, runtime)
        : await packer.complete(source, manifest, runtime);
    assertNotCancelled(runtime);

    const manifestDigest = manifestDigestOf(manifestFile);
    publishManifestFile(cache, session, manifestDigest, manifestFile);
    const contentBytes = manifest.contentBytes();
    const { fileCount } = manifest.counts;
    const storedAt = new Date(runtime.nowMs()).toISOString();
    // A clean that has looked at a key's old entry could remove the new key in its stead.
    await session.whileNoClean(runtime.isCancelled, () => {
      for (const key of request.keys) {
        const bytes = encodeKeyFile({ key, manifest: manifestDigest, storedAt, fileCount, contentBytes });
        publishKeyFile(cache, session, keyFileName(key), bytes);
      }
    });
    return { manifestDigest, fileCount, contentBytes, ...kept };
  } finally {
    await packer?.close();
  }
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
  reader: FileReader,
  runtime: Runtime,
): Promise<Manifest> {
  try {
    if (ignoreRules === undefined) {
      runtime.progress.expectFiles(1);
      return await readSingleFile(source, runtime.runners, reader);
    }
    const options = {
      ignoreRules,
      excludedDirectory: cache.rootStatus(),
      onWarning: runtime.onWarning,
      onWalked: (fileCount: number) => runtime.progress.expectFiles(fileCount),
    };
    return await readTree(source, options, runtime.runners, reader);
  } catch (error) {
    // What the source does wrong is a BtdtError by now; the rest is the pack's, which is written meanwhile.
    throw errnoOf(error) === undefined ? error : cacheWriteError(cache, error);
  }
}

/** A symlink that the user names is followed; those inside a directory are not. @throws BtdtError */
function findSource(
  given: string,
  cache: CacheDirectory,
): { readonly source: ByteString; readonly isDirectory: boolean } {
  const bytes = bytesFromText(given);
  const name = shown(bytes);
  try {
    const stats = statSync(given);
    if (!stats.isDirectory() && !stats.isFile()) {
      throw new BtdtError("SOURCE_UNSUPPORTED", `${name} is neither a directory nor a file`, { path: name });
    }
    const source = lstat(bytes)?.kind === "symlink" ? resolvePath(bytes) : bytes;
    if (cache.rootStatus() !== undefined && isWithin(resolvePath(bytes), resolvePath(cache.root))) {
      throw new BtdtError("SOURCE_INSIDE_CACHE", `${name} is a part of the cache itself`, {
        path: name,
        hint: "store a directory outside of it",
      });
    }
    return { source, isDirectory: stats.isDirectory() };
  } catch (error) {
    if (error instanceof BtdtError) throw error;
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") {
      throw new BtdtError("SOURCE_MISSING", `there is no ${name} to store`, {
        path: name,
        hint: "give the directory or file that the step before has made",
      });
    }
    throw new BtdtError("SOURCE_UNREADABLE", `cannot read ${name}: ${reasonOf(error)}`, {
      path: name,
      cause: error,
    });
  }
}

function assertNotCancelled(runtime: Runtime): void {
  if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before anything was stored");
}
