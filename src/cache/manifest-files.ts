import { linkSync, unlinkSync } from "node:fs";
import { type ByteString, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { isDigestHex } from "../base/digest.ts";
import { assertNotSymlink } from "../fs/assert-not-symlink.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { type FileStatus, lstat } from "../fs/native/file-status.ts";
import { touchIfPossible } from "../fs/native/set-times.ts";
import { publishDurably, syncDirectory, writeDurably } from "../fs/publish-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import { cacheWriteError } from "./cache-errors.ts";
import { readPayloadFile } from "./read-payload-file.ts";
import type { Session } from "./session.ts";

/** Undefined when it does not exist. @throws a `node:fs` error */
export function readManifestFile(cache: CacheDirectory, digest: string): Uint8Array | undefined {
  try {
    return readPayloadFile(manifestPath(cache, digest));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Gives the session's intent its place among the manifests. An existing file is replaced: it is the same, or
 * damaged.
 * @throws BtdtError CACHE_WRITE_FAILED
 */
export function publishManifestFile(
  cache: CacheDirectory,
  session: Session,
  digest: string,
  bytes: Uint8Array,
): void {
  const temporary = session.temporaryPath();
  const path = manifestPath(cache, digest);
  try {
    try {
      linkSync(fsPath(session.intentPath(digest)), fsPath(path));
      syncDirectory(joinBytes(cache.manifests, shardOf(digest)));
    } catch {
      // It exists, or this file system has no hard links.
      writeDurably(temporary, bytes);
      publishDurably(temporary, path);
    }
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

/** Notes that a manifest is about to be needed: where a file system has no locks, a clean goes by that. */
export function touchManifestFile(cache: CacheDirectory, digest: string): void {
  touchIfPossible(manifestPath(cache, digest));
}

/** Undefined when it does not exist; what else than a file bears its name is foreign. @throws a `node:fs` error */
export function statManifestFile(cache: CacheDirectory, digest: string): FileStatus | undefined {
  const status = lstat(manifestPath(cache, digest));
  return status?.kind === "file" ? status : undefined;
}

/** Digests of all manifests in the cache; foreign files are passed over. @throws a `node:fs` error */
export function listManifestFiles(cache: CacheDirectory): string[] {
  const digests: string[] = [];
  for (const shard of namesIn(cache.manifests)) {
    const directory = joinBytes(cache.manifests, bytesFromText(shard));
    assertNotSymlink(directory);
    if (lstat(directory)?.kind !== "directory") continue;
    for (const name of namesIn(directory)) {
      if (isDigestHex(name) && shardOf(name) === shard) digests.push(name);
    }
  }
  return digests.toSorted();
}

/** @throws a `node:fs` error */
export function removeManifestFile(cache: CacheDirectory, digest: string): void {
  unlinkSync(fsPath(manifestPath(cache, digest)));
}

export function manifestPath(cache: CacheDirectory, digest: string): ByteString {
  const shard = joinBytes(cache.manifests, shardOf(digest));
  assertNotSymlink(shard);
  return joinBytes(shard, bytesFromText(digest));
}

function shardOf(digest: string): ByteString {
  return bytesFromText(digest.slice(0, 2));
}
