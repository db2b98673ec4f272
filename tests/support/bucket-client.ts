import type { BucketAddress } from "../../src/bucket/address.ts";
import { BucketClient, type ClientSettings } from "../../src/bucket/bucket-client.ts";
import { BucketStore } from "../../src/bucket/bucket-store.ts";
import { createSigner, type SigningKeys } from "../../src/bucket/sigv4.ts";

export const FAKE_KEYS: SigningKeys = { accessKeyId: "AKIDFAKE", secretAccessKey: "fake-secret" };

export const TEST_ADDRESS: BucketAddress = { provider: "s3", bucket: "cache", prefix: "team a/ci" };

/** A client for a server of the tests', with path style. */
export function connect(url: URL, settings: Partial<ClientSettings> = {}, keys = FAKE_KEYS): BucketClient {
  return new BucketClient({
    address: TEST_ADDRESS,
    endpoint: { url, hasPathStyle: true, usesDualStack: false, usesFips: false },
    region: "us-east-1",
    connection: { ca: undefined, stallMs: 10_000 },
    authorizer: createSigner({ current: () => Promise.resolve(keys), renew: () => undefined }),
    signal: new AbortController().signal,
    nowMs: Date.now,
    random: () => 0,
    ...settings,
  });
}

export function openStore(url: URL, settings: Partial<ClientSettings> = {}, keys = FAKE_KEYS): BucketStore {
  return new BucketStore(settings.address ?? TEST_ADDRESS, connect(url, settings, keys), {});
}
