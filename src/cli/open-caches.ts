import { assertGiven } from "../base/assert-given.ts";
import { display } from "../base/byte-string.ts";
import { describeCacheTrouble, isCacheTrouble } from "../entry/try-keys.ts";
import type { CommandContext } from "./command-context.ts";
import { type OpenedCache, openAddressedCache } from "./open-addressed-cache.ts";
import type { AddressedCache } from "./options/bucket-options.ts";

/** The cache of a command, and one that it only reads, in the order in which they are searched. */
export type CachesToRead = readonly [OpenedCache, ...OpenedCache[]];

/**
 * Opens the cache that the options name, and that of `--read-also`. If the second one cannot be used, that is a
 * warning.
 * @throws BtdtError
 */
export async function openCachesToRead(
  options: AddressedCache & { readonly readAlso?: string | undefined },
  context: CommandContext,
): Promise<CachesToRead> {
  const { readAlso, caFile, anonymous } = options;
  if (readAlso !== undefined) assertGiven(readAlso, "--read-also");
  const first = await openAddressedCache(options, context);
  if (readAlso === undefined) return [first];
  try {
    const where = { cache: readAlso, readOnly: true, caFile, anonymous: anonymous ?? false };
    return [first, await openAddressedCache(where, context)];
  } catch (error) {
    if (!isCacheTrouble(error)) throw error;
    context.output.warn(describeCacheTrouble(error));
    return [first];
  }
}

/** As the user named it. */
export function addressOf(cache: OpenedCache): string {
  switch (cache.kind) {
    case "directory":
      return display(cache.directory.path);
    case "bucket":
      return cache.bucket.address;
  }
}
