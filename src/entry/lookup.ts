import type { CacheDirectory } from "../cache/cache-directory.ts";
import { examineManifests } from "../inventory/examine-manifests.ts";
import { countsOf, isSameRecord, type StoredTree } from "../key/key-file.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { listFallbackKeys } from "./fallback-keys.ts";
import { damageWarning, findEntry, type UnusableKey } from "./find-entry.ts";

export type LookupResult =
  | {
      readonly outcome: "hit" | "fallback";
      readonly key: string;
      readonly storedAt: string;
      readonly fileCount: number;
      readonly contentBytes: number;
      readonly trees: readonly StoredTree[];
    }
  | { readonly outcome: "miss"; readonly unusable: readonly UnusableKey[] };

/**
 * The key that a restore would restore, as far as can be told without reading contents. Nothing is changed, and the lookup is not counted as
 * a use.
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE, CANCELLED
 */
export async function lookUpKeys(
  request: {
    readonly cache: CacheDirectory;
    readonly keys: readonly [string, ...string[]];
    readonly fallbackPrefixes: readonly string[];
  },
  runtime: Runtime,
): Promise<LookupResult> {
  const { cache, keys } = request;
  const unusable: UnusableKey[] = [];
  const look = (key: string): LookupResult | undefined => {
    const entry = examineEntry(cache, key, runtime.onWarning);
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
        return { outcome: key === keys[0] ? "hit" : "fallback", key, storedAt, ...countsOf(trees), trees };
      }
    }
  };
  for (const key of keys) {
    const found = look(key);
    if (found !== undefined) return found;
  }
  // Only now, because it reads all key files.
  for (const key of await listFallbackKeys(request, createPause(runtime.isCancelled))) {
    const found = look(key);
    if (found !== undefined) return found;
  }
  return { outcome: "miss", unusable };
}

function examineEntry(cache: CacheDirectory, key: string, onWarning: (warning: string) => void) {
  for (;;) {
    const entry = findEntry(cache, key);
    if (entry.kind !== "found") return entry;
    const digests = entry.trees.map(({ stored }) => stored.manifest);
    const condition = examineManifests(cache, digests, onWarning);
    if (condition.kind === "whole") return entry;
    // It is not damaged if it was deleted or replaced in the meantime.
    const now = findEntry(cache, key);
    if (now.kind === "found" && isSameRecord(now.record, entry.record)) return condition;
  }
}
