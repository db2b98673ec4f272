import { assertGiven } from "../base/assert-given.ts";
import { CacheDirectory } from "./cache-directory.ts";

/**
 * Opens the cache named on the command line. It must exist, because an unmounted volume must not silently become an
 * empty cache; with `create`, it is created.
 * @throws BtdtError
 */
export function openCache(path: string, create: boolean): CacheDirectory {
  assertGiven(path, "--cache");
  return create ? CacheDirectory.create(path) : CacheDirectory.open(path);
}
