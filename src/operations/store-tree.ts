import { statSync } from "node:fs";
import type { CacheDirectory } from "../backends/cache-directory.ts";
import { cacheWriteError } from "../backends/cache-directory.ts";
import { readEditedPaths } from "../backends/edited-paths.ts";
import { publishKeyFile } from "../backends/key-files.ts";
import { manifestDigestOf, publishManifestFile } from "../backends/manifest-files.ts";
import { Session } from "../backends/session.ts";
import { type ByteString, bytesFromText, shown } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { lstat } from "../fs/file-status.ts";
import type { LinkMode, Placement } from "../fs/place-file.ts";
import { isWithin, resolvePath } from "../fs/resolve-path.ts";
import { encodeKeyFile, keyFileName } from "../key/key-file.ts";
import { encodeManifest } from "../manifest/codec.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { type AdoptedFiles, adoptFilesJob } from "../objects/adopt-files.ts";
import { type FileTimes, reuseObjectTimes, timesOf } from "../objects/reuse-object-times.ts";
import { directoryRanges } from "../tree/directory-ranges.ts";
import { IgnoreRules } from "../tree/ignore-rules.ts";
import { markEditedPaths } from "../tree/mark-edited-paths.ts";
import { readSingleFile, readTree } from "../tree/read-tree.ts";
import { runAll } from "../work/run-all.ts";
import type { Runtime } from "./runtime.ts";

export interface StoreRequest {
  readonly cache: CacheDirectory;
  /** All of them will name the entry; those that exist are overwritten. */
  readonly keys: readonly [string, ...string[]];
  readonly source: string;
  readonly excludePatterns: readonly string[];
  readonly ignoreMtime: boolean;
  readonly linkMode: LinkMode;
}

export interface StoreResult {
  readonly manifestDigest: string;
  readonly fileCount: number;
  readonly contentBytes: number;
  readonly newBytes: number;
  readonly fileCounts: Record<Placement | "reused", number>;
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
    const manifest = isDirectory
      ? await readTree(
          source,
          {
            ignoreRules: new IgnoreRules(request.excludePatterns, true),
            excludedDirectory: cache.rootStatus(),
            onWarning: runtime.onWarning,
          },
          runtime.runners,
        )
      : await readSingleFile(source, runtime.runners);
    assertNotCancelled(runtime);
    const sourceTimes = request.ignoreMtime ? reuseObjectTimes(manifest, cache.objects) : timesOf(manifest);
    const manifestFile = encodeManifest(manifest);
    await session.publishIntent(manifestFile, runtime.isCancelled);
    const adopted = await adoptFiles(request, source, manifest, sourceTimes, session, runtime);
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
    return { manifestDigest, fileCount, contentBytes, ...adopted };
  } finally {
    session.close();
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

async function adoptFiles(
  request: StoreRequest,
  source: ByteString,
  manifest: Manifest,
  sourceTimes: FileTimes,
  session: Session,
  runtime: Runtime,
): Promise<Pick<StoreResult, "fileCounts" | "newBytes">> {
  const ranges = directoryRanges(manifest);
  const runner = ranges.length > 1 ? runtime.runners.pool : runtime.runners.inline;
  const shared = {
    payload: manifest.payload,
    source,
    sourceTimes,
    objects: request.cache.objects,
    temporary: session.directory,
    linkMode: request.linkMode,
    ownInode: markEditedPaths(manifest, readEditedPaths(request.cache)),
  };
  const total = { fileCounts: { reflinked: 0, linked: 0, copied: 0, reused: 0 }, newBytes: 0 };
  let parts: AdoptedFiles[];
  try {
    parts = await runAll(runner, adoptFilesJob, ranges, (range) => ({ ...shared, ...range }));
  } catch (error) {
    throw cacheWriteError(request.cache, error);
  }
  for (const part of parts) {
    for (const outcome of ["reflinked", "linked", "copied", "reused"] as const) {
      total.fileCounts[outcome] += part.fileCounts[outcome];
    }
    total.newBytes += part.newBytes;
  }
  return total;
}

function assertNotCancelled(runtime: Runtime): void {
  if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before anything was stored");
}
