import { closeSync, constants, fsyncSync, openSync } from "node:fs";
import { type ByteString, display, fsPath } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { linuxLibc } from "./libc.ts";

/**
 * Flushes the file system of a directory in one call; `fsync` of many small files would need a journal commit for
 * each. macOS has no such call: `sync` schedules the writes of all file systems.
 * @throws BtdtError SYSTEM; a `node:fs` error
 */
export function syncFileSystem(directory: ByteString): void {
  const descriptor = openSync(fsPath(directory), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const isFlushed =
      linuxLibc === undefined ? Bun.spawnSync(["/bin/sync"]).success : linuxLibc.syncfs(descriptor) === 0;
    if (isFlushed) return;
    // The error of `syncfs` is unknown here; `fsync` of the directory most likely fails with the same.
    fsyncSync(descriptor);
    const path = display(directory);
    throw new BtdtError("SYSTEM", `the file system of ${path} could not be flushed to disk`, { path });
  } finally {
    closeSync(descriptor);
  }
}
