import { type ByteString, display } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { constants } from "../file-constants.ts";
import { nodeFs } from "../node-fs.ts";
import { openFile } from "./descriptor-calls.ts";
import { linuxLibc } from "./libc.ts";
import { closeQuickly } from "./quick-file.ts";

/**
 * Flushes the file system of a directory in one call; `fsync` of many small files would need a journal commit for
 * each. macOS has no such call: `sync` schedules the writes of all file systems.
 * @throws BtdtError SYSTEM; a `node:fs` error
 */
export function syncFileSystem(directory: ByteString): void {
  const descriptor = openFile(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const isFlushed =
      linuxLibc === undefined ? Bun.spawnSync(["/bin/sync"]).success : linuxLibc.syncfs(descriptor) === 0;
    if (isFlushed) return;
    // The error of `syncfs` is unknown here; `fsync` of the directory most likely fails with the same.
    nodeFs().fsyncSync(descriptor);
    const path = display(directory);
    throw new BtdtError("SYSTEM", `the file system of ${path} could not be flushed to disk`, { path });
  } finally {
    closeQuickly(descriptor);
  }
}
