import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CacheDirectory } from "../cache/cache-directory.ts";

/**
 * Runs what needs a cache directory although everything is in a bucket: one that is empty, and stays so. A kill leaves
 * an empty directory.
 */
export async function withEmptyCache<Result>(
  use: (cache: CacheDirectory) => Promise<Result>,
): Promise<Result> {
  const path = mkdtempSync(join(tmpdir(), "btdt-empty-"));
  try {
    return await use(CacheDirectory.open(path));
  } finally {
    rmdirSync(path);
  }
}
