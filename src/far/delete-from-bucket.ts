import type { ObjectStore } from "../bucket/object-store.ts";
import { chooseDeletion, type DeletionPlan, type DeletionScope } from "../entry/choose-deletion.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { numberPacks } from "./bucket-inventory.ts";
import { keyName } from "./bucket-layout.ts";
import { checkFormat } from "./check-format.ts";
import { takeBucketStock } from "./take-bucket-stock.ts";

/**
 * Deletes keys, and returns those that were missing. What only they needed is garbage for the cleans to come.
 * @throws BtdtError, see `ObjectStore`
 */
export async function deleteFromBucket(
  store: ObjectStore,
  keys: readonly string[],
): Promise<{ readonly deleted: readonly string[]; readonly missing: readonly string[] }> {
  const found = await Promise.all(keys.map((key) => store.get(keyName(key))));
  const deleted = keys.filter((_key, index) => found[index]?.kind === "found");
  if (deleted.length > 0) await store.delete(deleted.map(keyName));
  return { deleted, missing: keys.filter((_key, index) => found[index]?.kind === "missing") };
}

/**
 * Finds the keys to delete, and what cleans free then.
 * @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore`
 */
export async function planBucketDeletion(store: ObjectStore, scope: DeletionScope): Promise<DeletionPlan> {
  await checkFormat(store);
  const stock = await takeBucketStock(store);
  const names = new Set(stock.keys.map(({ fileName }) => fileName));
  return chooseDeletion(numberPacks(stock), scope, (key) => names.has(keyFileName(key)));
}
