import { closeSync, constants, fsyncSync, openSync } from "node:fs";
import { type ByteString, display, fsPath } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { linuxLibc } from "./libc.ts";

/**
 * Writes to disk what the kernel holds in memory of a directory's file system, in one call. `fsync` of each of many small
 * files would take a journal commit for each. macOS has no such call: `sync` schedules the writes of all file systems.
 * @throws BtdtError SYSTEM; a `node:fs` error
 */
export function syncFileSystem(directory: ByteString): void {
  const descriptor = openSync(fsPath(directory), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const isFlushed =
      linuxLibc === undefined ? Bun.spawnSync(["/bin/sync"]).success : linuxLibc.syncfs(descriptor) === 0;
    if (isFlushed) return;
    // An error of `syncfs` cannot be told here; `fsync` of the directory most likely gives the same.
    fsyncSync(descriptor);
    const path = display(directory);
    throw new BtdtError("SYSTEM", `the file system of ${path} could not be flushed to disk`, { path });
  } finally {
    closeSync(descriptor);
  }
}
