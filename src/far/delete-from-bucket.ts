import type { ObjectStore } from "../bucket/object-store.ts";
import { keyName } from "./bucket-layout.ts";

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
