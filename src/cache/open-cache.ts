import { CacheDirectory } from "./cache-directory.ts";

/**
 * The cache that a command line names. It must exist, because a volume that is not mounted must not become a
 * silent, empty cache; `create` says that it may be made.
 * @throws BtdtError
 */
export function openCache(path: string, create: boolean): CacheDirectory {
  return create ? CacheDirectory.create(path) : CacheDirectory.open(path);
}
