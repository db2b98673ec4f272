import type { ObjectStore } from "../bucket/object-store.ts";
import { damageWarning, type UnusableKey } from "../entry/find-entry.ts";
import type { LookupResult } from "../entry/lookup.ts";
import { countsOf } from "../key/key-file.ts";
import type { RestoreRequest } from "../restore/request.ts";
import type { Runtime } from "../work/runtime.ts";
import { BucketSource } from "./bucket-source.ts";

/**
 * The key that a restore would restore, as far as indexes and manifests tell. It is not counted as a use.
 * @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore`
 */
export async function lookUpInBucket(
  store: ObjectStore,
  request: Pick<RestoreRequest, "keys" | "fallbackPrefixes">,
  runtime: Runtime,
): Promise<LookupResult> {
  const source = new BucketSource(store, request);
  const unusable: UnusableKey[] = [];
  const look = async (key: string): Promise<LookupResult | undefined> => {
    const entry = await source.find(key, () => undefined);
    switch (entry.kind) {
      case "missing":
        return undefined;
      case "damaged":
      case "unreadable":
        runtime.onWarning(damageWarning(key, entry.reason));
        unusable.push({ key, reason: entry.reason });
        return undefined;
      case "found": {
        const { trees, storedAt } = entry.record;
        const outcome = key === request.keys[0] ? "hit" : "fallback";
        return { outcome, key, storedAt, ...countsOf(trees), trees };
      }
    }
  };
  for (const key of request.keys) {
    const found = await look(key);
    if (found !== undefined) return found;
  }
  for await (const key of source.listFallbackKeys()) {
    const found = await look(key);
    if (found !== undefined) return found;
  }
  return { outcome: "miss", unusable };
}
