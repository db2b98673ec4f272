import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CacheDirectory } from "../cache/cache-directory.ts";

/**
 * For what needs a cache directory although everything is in a bucket: one that does not exist, so that it has nothing.
 */
export function createEmptyCache(): CacheDirectory {
  return CacheDirectory.absent(join(tmpdir(), `btdt-none-${randomUUID()}`));
}
