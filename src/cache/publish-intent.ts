import { linkSync, renameSync, unlinkSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { type FileStatus, isSameFile, lstat } from "../fs/native/file-status.ts";
import { writeDurably } from "../fs/publish-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import { cacheWriteError } from "./cache-errors.ts";
import { withSharedLock } from "./cache-lock.ts";
import { loadManifestFile, manifestPath } from "./manifest-files.ts";
import type { Session } from "./session.ts";

export interface IntendedManifest {
  /** The manifest's. */
  readonly digest: string;
  readonly file: Uint8Array;
  /** What these bytes were read from, if the cache has the manifest already. */
  readonly status?: FileStatus;
}

/**
 * Publishes an intent. It waits for a running clean, which has already read the intents; from then on, no clean
 * removes what the manifest needs until the session is closed.
 *
 * If the cache has the manifest already, the intent is another name of that file, and nothing is written.
 * @throws BtdtError CACHE_WRITE_FAILED, CANCELLED
 */
export async function publishIntent(
  cache: CacheDirectory,
  session: Session,
  manifest: IntendedManifest,
  isCancelled: () => boolean,
): Promise<void> {
  try {
    const status = manifest.status ?? statIfEqual(cache, manifest);
    if (status !== undefined) {
      const link = (): boolean => linkManifest(cache, session, manifest.digest, status);
      if (await withSharedLock(cache, isCancelled, link)) return;
    }
    const temporary = session.temporaryPath();
    writeDurably(temporary, manifest.file, cache.access);
    await withSharedLock(cache, isCancelled, () => {
      // What a power cut makes of its name does not matter: it ends the session, too.
      renameSync(fsPath(temporary), fsPath(session.intentPath(manifest.digest)));
    });
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

/** Undefined unless the cache has the same bytes under this name. What cannot be read counts as different. */
function statIfEqual(cache: CacheDirectory, { digest, file }: IntendedManifest): FileStatus | undefined {
  try {
    const found = loadManifestFile(cache, digest);
    return found !== undefined && Buffer.compare(found.bytes, file) === 0 ? found.status : undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/**
 * False if it cannot be linked, as on a file system without hard links or where it belongs to somebody else, or if
 * another file has its name by now.
 * @throws a `node:fs` error
 */
function linkManifest(cache: CacheDirectory, session: Session, digest: string, status: FileStatus): boolean {
  const intent = session.intentPath(digest);
  try {
    linkSync(fsPath(manifestPath(cache, digest)), fsPath(intent));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
  const linked = lstat(intent);
  if (linked !== undefined && isSameFile(linked, status)) return true;
  unlinkSync(fsPath(intent));
  return false;
}
