import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { isStagingName, STAGING_PREFIX } from "../base/staging-name.ts";
import { ignoringErrno } from "../fs/errno.ts";
import { isAbandoned, LockedDirectory, removeAbandoned } from "../fs/locked-directory.ts";
import { listNames } from "../fs/native/list-names.ts";

/**
 * A hidden directory next to a destination, from which a tree is moved into place in one step. The next restore to
 * the same place removes what a killed one has left.
 */
export class StagingDirectory {
  readonly #directory: LockedDirectory;

  private constructor(directory: LockedDirectory) {
    this.#directory = directory;
  }

  /** @throws a `node:fs` error */
  static create(parent: ByteString): StagingDirectory {
    const found = listStagingDirectories(parent);
    // First, because on a full disk this frees the space that is needed.
    removeEachAbandoned(found);
    const name = bytesFromText(`${STAGING_PREFIX}${crypto.randomUUID()}`);
    const directory = LockedDirectory.create(joinBytes(parent, name));
    // Only now is the time known, and so what is old.
    removeEachAbandoned(found, directory.madeMs);
    return new StagingDirectory(directory);
  }

  /** Where to build the tree or single file; nothing exists there yet. */
  get tree(): ByteString {
    return joinBytes(this.#directory.path, "tree" as ByteString);
  }

  /** Calling it again does nothing. @param isHurried see `LockedDirectory.close` */
  close(isHurried = false): void {
    this.#directory.close(isHurried);
  }
}

/**
 * Removes what killed restores have left in a directory. What belongs to another user, or is being removed by another
 * restore, is left alone.
 * @param nowMs see `isAbandoned`
 * @throws a `node:fs` error: the directory cannot be read
 */
export function removeAbandonedIn(parent: ByteString, nowMs?: number): void {
  removeEachAbandoned(listStagingDirectories(parent), nowMs);
}

function listStagingDirectories(parent: ByteString): ByteString[] {
  return listNames(parent)
    .filter(isStagingName)
    .map((name) => joinBytes(parent, name));
}

function removeEachAbandoned(directories: readonly ByteString[], nowMs?: number): void {
  for (const directory of directories) {
    ignoringErrno(() => {
      if (isAbandoned(directory, nowMs)) removeAbandoned(directory);
    });
  }
}
