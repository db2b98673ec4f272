/**
 * Knows what a power cut can destroy, and keeps it from being restored.
 *
 * Flushing 80,000 objects one by one would cost more than the rest of a store, so objects are created without
 * flushing. Before a process creates its first object, it durably leaves a mark: the manifest whose objects it is
 * going to create, with the boot that it runs in. The mark is removed once the file system was flushed after the last
 * object. As long as it exists, the manifest's objects are suspects, and hashed before they are used.
 */

import { type ByteString, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import { readPayloadFile } from "../cache/read-payload-file.ts";
import type { Session } from "../cache/session.ts";
import { readBootId } from "../fs/boot-id.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { rename } from "../fs/native/path-calls.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { syncDirectory, writeDurably } from "../fs/publish-file.ts";
import { removeTree } from "../fs/remove-tree.ts";

const MARK_NAME = /^([0-9a-f]{32})-([0-9a-f-]{36})-([0-9a-f]{64})$/;

export interface UnflushedMark {
  readonly name: string;
  /** The boot in which the objects are created. */
  readonly bootId: string;
  readonly sessionId: string;
  /** The manifest's. */
  readonly digest: string;
}

export function isOfThisBoot({ bootId }: UnflushedMark): boolean {
  return bootId === readBootId();
}

/** Ignores files with other names, which are not btdt's. @throws a `node:fs` error */
export function listUnflushedMarks(cache: CacheDirectory): UnflushedMark[] {
  return namesIn(cache.unflushed).flatMap((name) => {
    const [, bootId, sessionId, digest] = MARK_NAME.exec(name) ?? [];
    if (bootId === undefined || sessionId === undefined || digest === undefined) return [];
    return [{ name, bootId, sessionId, digest }];
  });
}

/** Those of one session; none if they cannot be listed. */
export function listOwnMarks(cache: CacheDirectory, session: Session): UnflushedMark[] {
  try {
    return listUnflushedMarks(cache).filter(({ sessionId }) => sessionId === session.id);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

/**
 * Call it before this session creates the first object of a manifest, or relies on one.
 * @param manifestFile the path of the manifest, which is already on disk
 * @throws BtdtError CACHE_WRITE_FAILED
 */
export function markUnflushed(
  cache: CacheDirectory,
  session: Session,
  digest: string,
  manifestFile: ByteString,
): UnflushedMark {
  const bootId = readBootId();
  const name = `${bootId}-${session.id}-${digest}`;
  try {
    makeUnflushedDirectory(cache);
    linkOrCopy(cache, manifestFile, markPath(cache, name), session);
    syncDirectory(cache.unflushed);
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
  return { name, bootId, sessionId: session.id, digest };
}

/** A link takes no space and no write; some file systems have none. */
function linkOrCopy(cache: CacheDirectory, existing: ByteString, path: ByteString, session: Session): void {
  try {
    nodeFs().linkSync(fsPath(existing), fsPath(path));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const temporary = session.temporaryPath();
    writeDurably(temporary, readPayloadFile(existing), cache.access);
    rename(temporary, path);
  }
}

/** Undefined if it is gone. @throws a `node:fs` error */
export function readMarkedManifest(cache: CacheDirectory, { name }: UnflushedMark): Uint8Array | undefined {
  try {
    return readPayloadFile(markPath(cache, name));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Records that the objects of some manifests are on disk, or were found whole in this boot. A mark that comes back
 * after a power cut costs another check, nothing else.
 * @throws a `node:fs` error
 */
export function clearMarks(cache: CacheDirectory, marks: readonly UnflushedMark[]): void {
  // Whatever has the name of a mark, even a directory.
  for (const { name } of marks) removeTree(markPath(cache, name));
}

/** Caches of earlier versions lack it. Its own name must be on disk before the first mark counts. */
function makeUnflushedDirectory(cache: CacheDirectory): void {
  if (cache.makeDirectory(cache.unflushed)) syncDirectory(cache.root);
}

function markPath(cache: CacheDirectory, name: string): ByteString {
  return joinBytes(cache.unflushed, bytesFromText(name));
}
