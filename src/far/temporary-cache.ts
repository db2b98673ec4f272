import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesFromText } from "../base/byte-string.ts";
import { CacheDirectory } from "../cache/cache-directory.ts";
import { prepareCache } from "../cache/prepare-cache.ts";
import { discardTree } from "../fs/remove-tree.ts";

/**
 * Runs what needs files on a disk, in a cache directory among the temporary files (`TMPDIR`). A kill leaves it there.
 * @throws BtdtError CACHE_WRITE_FAILED; a `node:fs` error; what `use` throws
 */
export async function withTemporaryCache<Result>(
  use: (cache: CacheDirectory) => Promise<Result>,
): Promise<Result> {
  const path = mkdtempSync(join(tmpdir(), "btdt-bucket-"));
  try {
    const cache = CacheDirectory.open(path);
    prepareCache(cache);
    return await use(cache);
  } finally {
    discardTree(bytesFromText(path));
  }
}
