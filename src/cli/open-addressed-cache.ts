import { BtdtError } from "../base/errors.ts";
import { isBucketAddress, parseBucketAddress } from "../bucket/address.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { openCache } from "../cache/open-cache.ts";
import type { BucketCache } from "../far/bucket-cache.ts";
import { assertUtf8Variables } from "./assert-utf8.ts";
import type { CommandContext } from "./command-context.ts";
import { type AddressedCache, assertOptionsGiven } from "./options/bucket-options.ts";

/** What `--cache` names. */
export type OpenedCache =
  | { readonly kind: "directory"; readonly directory: CacheDirectory }
  | { readonly kind: "bucket"; readonly bucket: BucketCache };

/** How long a request outlives the signal that ends the command. */
const CANCEL_POLL_MS = 50;

/** Those of the AWS and Google tools, and where these keep their files. */
const isForBuckets = (variable: string): boolean => /^(?:AWS_|GOOGLE_|CLOUDSDK_|GCE_|HOME$)/.test(variable);

/**
 * Opens the cache that the options name. What only buckets need is loaded only for them.
 * @throws BtdtError
 */
export async function openAddressedCache(
  options: AddressedCache,
  context: CommandContext,
): Promise<OpenedCache> {
  if (!isBucketAddress(options.cache)) {
    return { kind: "directory", directory: openDirectory(options) };
  }
  const address = parseBucketAddress(options.cache);
  rejectDirectoryOptions(options);
  assertOptionsGiven(options);
  const [{ openBucket }, { ReadOnlyStore }, { BucketCache }] = await Promise.all([
    import("../bucket/open-bucket.ts"),
    import("../bucket/read-only-store.ts"),
    import("../far/bucket-cache.ts"),
  ]);
  const { variables } = context.environment;
  assertUtf8Variables(Object.keys(variables).filter(isForBuckets), variables);
  const { caFile, anonymous: isAnonymous = false, storageClass, encryption, kmsKey } = options;
  const store = await openBucket(
    address,
    { caFile, isAnonymous, storage: { storageClass, encryption, kmsKey } },
    variables,
    followCancellation(context.runtime.isCancelled),
  );
  const allowed = options.readOnly === true ? new ReadOnlyStore(store) : store;
  return { kind: "bucket", bucket: new BucketCache(allowed, context.runtime) };
}

/**
 * For commands that work on directories only.
 * @throws BtdtError
 */
export function openCacheDirectory(options: AddressedCache, command: string): CacheDirectory {
  rejectBucket(options.cache, command);
  return openDirectory(options);
}

function openDirectory({ cache, createCache = false, readOnly = false }: AddressedCache): CacheDirectory {
  if (createCache && readOnly) {
    throw new BtdtError("USAGE", "--create-cache would write to the cache, which --read-only forbids");
  }
  return openCache(cache, createCache, readOnly);
}

/** @throws BtdtError USAGE */
export function rejectBucket(address: string, command: string): void {
  if (!isBucketAddress(address)) return;
  parseBucketAddress(address);
  throw new BtdtError("USAGE", `${command} cannot work on a bucket`, {
    hint: "name a cache directory with --cache",
  });
}

/** Options that would have no effect. */
function rejectDirectoryOptions({ createCache, localCache, storage, pin }: AddressedCache): void {
  if (createCache === true && localCache === undefined) {
    throw new BtdtError("USAGE", "--create-cache does not create buckets", {
      hint: "create the bucket with the tools of its provider, and leave the option out",
    });
  }
  if (storage === "objects") {
    throw new BtdtError(
      "USAGE",
      "a bucket has no linkable objects: --storage objects is for cache directories",
    );
  }
  if (pin === true) {
    throw new BtdtError("USAGE", "keys in a bucket cannot be pinned: --pin is for cache directories");
  }
}

function followCancellation(isCancelled: () => boolean): AbortSignal {
  const controller = new AbortController();
  const timer = setInterval(() => {
    if (!isCancelled()) return;
    clearInterval(timer);
    controller.abort();
  }, CANCEL_POLL_MS);
  timer.unref();
  return controller.signal;
}
