import { isBtdtError } from "../base/errors.ts";
import type { ObjectStore } from "../bucket/object-store.ts";
import { KEYS_PREFIX } from "./bucket-layout.ts";
import { type BucketRecord, decodeBucketRecord } from "./bucket-record.ts";

export type FetchedRecord =
  | { readonly kind: "read"; readonly record: BucketRecord }
  | { readonly kind: "missing" }
  | { readonly kind: "damaged"; readonly reason: string };

/** @param fileName see `keyFileName` @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore` */
export async function fetchRecord(store: ObjectStore, fileName: string): Promise<FetchedRecord> {
  const found = await store.get(KEYS_PREFIX + fileName);
  return found.kind === "missing" ? found : decodeRecord(found.bytes, fileName);
}

/** @throws BtdtError CACHE_FORMAT_NEWER */
export function decodeRecord(
  bytes: Uint8Array,
  fileName: string,
): Exclude<FetchedRecord, { kind: "missing" }> {
  try {
    return { kind: "read", record: decodeBucketRecord(bytes, fileName) };
  } catch (error) {
    if (isBtdtError(error, "KEY_DAMAGED")) return { kind: "damaged", reason: error.message };
    throw error;
  }
}
