import { constants } from "node:fs";
import { applyToFile } from "../fs/access-policy.ts";
import { ignoringErrno } from "../fs/errno.ts";
import { closeWritten } from "../fs/native/close-written.ts";
import { lstat, mtimeMs } from "../fs/native/file-status.ts";
import { touchOpen } from "../fs/native/set-times.ts";
import { openRegularFile, statusOf } from "../fs/regular-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";

/**
 * Notes, for monitoring, that a clean has ended: an empty file with that time. Nothing depends on it, so a volume that
 * is full or read-only is no failure.
 */
export function noteClean(cache: CacheDirectory): void {
  ignoringErrno(() => {
    const descriptor = openRegularFile(cache.lastCleanFile, constants.O_WRONLY | constants.O_CREAT);
    try {
      // Another name of it may be outside the cache.
      if (statusOf(descriptor).linkCount > 1) return;
      applyToFile(descriptor, cache.access);
      touchOpen(descriptor);
    } finally {
      closeWritten(descriptor);
    }
  });
}

/** By the file system's clock; undefined if none is known. */
export function readLastCleanMs(cache: CacheDirectory): number | undefined {
  const status = lstat(cache.lastCleanFile);
  return status?.kind === "file" ? mtimeMs(status) : undefined;
}
