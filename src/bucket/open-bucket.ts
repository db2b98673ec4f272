import type { BucketAddress } from "./address.ts";
import { anonymous } from "./authorizer.ts";
import { BucketClient } from "./bucket-client.ts";
import { BucketStore } from "./bucket-store.ts";
import { chooseAuthorizer } from "./choose-authorizer.ts";
import { findProfile } from "./find-profile.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Variables } from "./profile.ts";
import { readSettings } from "./settings.ts";
import type { StorageOptions } from "./storage-headers.ts";

/** What the command line says about a bucket. */
export interface BucketOptions {
  /** Of trusted certificates in PEM. */
  readonly caFile: string | undefined;
  /** Requests are not signed. */
  readonly isAnonymous: boolean;
  readonly storage: StorageOptions;
}

const STALL_MS = 30_000;

/** Where a bucket is if nothing says so; a server's first answer corrects it. */
const DEFAULT_REGION = "us-east-1";

/**
 * Prepares requests for a bucket. None is sent yet.
 *
 * @param signal ends all requests
 * @throws BtdtError BUCKET_NOT_ACCESSIBLE
 */
export async function openBucket(
  address: BucketAddress,
  options: BucketOptions,
  variables: Variables,
  signal: AbortSignal,
): Promise<ObjectStore> {
  const profile = address.provider === "gs" ? {} : await findProfile(variables);
  const settings = readSettings(address, variables, profile, options.caFile);
  const client = new BucketClient({
    address,
    endpoint: settings.endpoint,
    region: settings.region ?? DEFAULT_REGION,
    connection: { ca: settings.ca, stallMs: STALL_MS },
    authorizer: options.isAnonymous ? anonymous : chooseAuthorizer(address, variables, profile, settings),
    signal,
    nowMs: Date.now,
    random: Math.random,
  });
  return new BucketStore(address, client, options.storage);
}
