import { assertGiven } from "../base/assert-given.ts";
import { BtdtError } from "../base/errors.ts";
import { isBucketAddress } from "../bucket/address.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { openCache } from "../cache/open-cache.ts";
import { isCacheTrouble } from "../entry/try-keys.ts";
import { isSameFile, lstat } from "../fs/native/file-status.ts";
import { resolvePath } from "../fs/resolve-path.ts";
import type { CommandContext } from "./command-context.ts";
import type { OpenedCache } from "./open-addressed-cache.ts";
import type { AddressedCache } from "./options/bucket-options.ts";

/**
 * Opens the cache directory of `--local-cache`, in front of the one of `--cache`. If it cannot be used, warns and returns
 * undefined.
 * @throws BtdtError USAGE
 */
export function openLocalCache(
  { localCache, createCache = false, readOnly = false }: AddressedCache,
  far: OpenedCache,
  context: CommandContext,
): CacheDirectory | undefined {
  if (localCache === undefined) return undefined;
  assertGiven(localCache, "--local-cache");
  if (isBucketAddress(localCache))
    throw new BtdtError("USAGE", "--local-cache takes a directory, not a bucket");
  try {
    const near = openCache(localCache, createCache, readOnly);
    if (far.kind === "directory" && isSameDirectory(near, far.directory)) {
      throw new BtdtError("USAGE", "--local-cache and --cache name the same directory");
    }
    return near;
  } catch (error) {
    if (!isCacheTrouble(error)) throw error;
    context.output.warn(`${error.message}; going on without a local cache`);
    return undefined;
  }
}

function isSameDirectory(near: CacheDirectory, far: CacheDirectory): boolean {
  const [left, right] = [near, far].map(({ path }) => lstat(resolvePath(path)));
  return left !== undefined && right !== undefined && isSameFile(left, right);
}
