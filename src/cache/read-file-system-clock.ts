import { closeSync } from "node:fs";
import { errnoOf } from "../fs/errno.ts";
import { emptyStatus, fstat, lstat, mtimeMs } from "../fs/native/file-status.ts";
import { touch } from "../fs/native/set-times.ts";
import { openNamelessFile } from "../fs/open-nameless-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";

/**
 * The time by the clock of the cache's file system: that of a file without a name, or where there are none, as on NFS,
 * or no space, that of `lock` after it was touched. By the machine's clock if nothing may be written to the cache.
 */
export function readFileSystemClock(cache: CacheDirectory, machineNowMs: number): number {
  if (cache.isReadOnly) return machineNowMs;
  try {
    return readNewFile(cache) ?? touchLock(cache) ?? machineNowMs;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return machineNowMs;
  }
}

function readNewFile(cache: CacheDirectory): number | undefined {
  const descriptor = openNamelessFile(cache.root);
  if (descriptor === undefined) return undefined;
  try {
    const status = emptyStatus();
    fstat(descriptor, status);
    return mtimeMs(status);
  } finally {
    closeSync(descriptor);
  }
}

function touchLock(cache: CacheDirectory): number | undefined {
  touch(cache.lockFile);
  const status = lstat(cache.lockFile);
  return status === undefined ? undefined : mtimeMs(status);
}
