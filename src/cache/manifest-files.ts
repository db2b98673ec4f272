import { type ByteString, bytesFromText, fsPath, joinBytes, parentOf } from "../base/byte-string.ts";
import { isDigestHex } from "../base/digest.ts";
import { assertNotSymlink, isRealDirectory } from "../fs/assert-not-symlink.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { emptyStatus, type FileStatus, isSameFile, lstat } from "../fs/native/file-status.ts";
import { rename, unlink } from "../fs/native/path-calls.ts";
import { touch, touchIfPossible } from "../fs/native/set-times.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { publishDurably, syncDirectory, writeDurably } from "../fs/publish-file.ts";
import type { RegularFile } from "../fs/regular-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import { cacheWriteError } from "./cache-errors.ts";
import { readPayloadFile } from "./read-payload-file.ts";
import type { Session } from "./session.ts";

type ManifestDirectory = Pick<CacheDirectory, "manifests">;

/** Undefined if it does not exist. @throws a `node:fs` error */
export function readManifestFile(cache: ManifestDirectory, digest: string): Uint8Array | undefined {
  return loadManifestFile(cache, digest)?.bytes;
}

/** The same, with the status of the file that was read. @throws a `node:fs` error */
export function loadManifestFile(cache: ManifestDirectory, digest: string): RegularFile | undefined {
  const status = emptyStatus();
  try {
    return { bytes: readPayloadFile(manifestPath(cache, digest), status), status };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Publishes the session's intent as a manifest. Whatever has its name is replaced, unless it is the same.
 * @throws BtdtError CACHE_WRITE_FAILED
 */
export function publishManifestFile(
  cache: CacheDirectory,
  session: Session,
  digest: string,
  bytes: Uint8Array,
): void {
  const temporary = session.temporaryPath();
  try {
    const path = manifestPath(cache, digest);
    makeShard(cache, parentOf(path));
    try {
      linkUnlessEqual(session.intentPath(digest), path, bytes);
      syncDirectory(parentOf(path));
    } catch {
      // Something else has its name, or the file system has no hard links.
      writeDurably(temporary, bytes, cache.access);
      moveDirectoryAside(path, session);
      publishDurably(temporary, path);
    }
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

/**
 * Another store may be about to put the name of an equal one on disk, whose content is there: so the directory must be
 * flushed in any case.
 * @throws a `node:fs` error
 */
function linkUnlessEqual(intent: ByteString, path: ByteString, bytes: Uint8Array): void {
  try {
    nodeFs().linkSync(fsPath(intent), fsPath(path));
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    if (!isNameOf(intent, path) && Buffer.compare(readPayloadFile(path), bytes) !== 0) throw error;
    // Where there are no locks, a clean leaves it alone because of its time.
    touch(path);
  }
}

/** Whether the intent is another name of the manifest. @throws a `node:fs` error */
function isNameOf(intent: ByteString, path: ByteString): boolean {
  const [own, published] = [lstat(intent), lstat(path)];
  return own !== undefined && published !== undefined && isSameFile(own, published);
}

/**
 * A shard is made for its first manifest; its own name must be on disk before a key needs it.
 * @throws a `node:fs` error
 */
function makeShard(cache: CacheDirectory, shard: ByteString): void {
  if (lstat(shard) !== undefined) return;
  cache.makeDirectory(shard);
  syncDirectory(cache.manifests);
}

/**
 * A directory cannot be replaced by a file: without this, each store of the same tree would fail.
 * @throws a `node:fs` error
 */
function moveDirectoryAside(path: ByteString, session: Session): void {
  if (lstat(path)?.kind === "directory") rename(path, session.temporaryPath());
}

/**
 * Notes, if possible, that a manifest is about to be needed, which a clean respects if the file system has no locks.
 */
export function touchManifestFile(cache: CacheDirectory, digest: string): void {
  touchIfPossible(manifestPath(cache, digest));
}

/** Undefined if it does not exist; anything but a file under its name is foreign. @throws a `node:fs` error */
export function statManifestFile(cache: ManifestDirectory, digest: string): FileStatus | undefined {
  const status = lstat(manifestPath(cache, digest));
  return status?.kind === "file" ? status : undefined;
}

/** The digests of all manifests in the cache, ignoring foreign files. @throws a `node:fs` error */
export function listManifestFiles(cache: CacheDirectory): string[] {
  const digests: string[] = [];
  for (const shard of namesIn(cache.manifests)) {
    const directory = joinBytes(cache.manifests, bytesFromText(shard));
    if (!isRealDirectory(directory)) continue;
    for (const name of namesIn(directory)) {
      if (isDigestHex(name) && shardOf(name) === shard) digests.push(name);
    }
  }
  return digests.toSorted();
}

/** @throws a `node:fs` error */
export function removeManifestFile(cache: CacheDirectory, digest: string): void {
  unlink(manifestPath(cache, digest));
}

export function manifestPath(cache: ManifestDirectory, digest: string): ByteString {
  const shard = joinBytes(cache.manifests, shardOf(digest));
  assertNotSymlink(shard);
  return joinBytes(shard, bytesFromText(digest));
}

function shardOf(digest: string): ByteString {
  return bytesFromText(digest.slice(0, 2));
}
