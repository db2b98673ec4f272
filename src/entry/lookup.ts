import { display } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { countsOf, isSameRecord, type StoredTree } from "../key/key-record.ts";
import type { RecordVerifier } from "../key/signed-record.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { FallbackKeys } from "./fallback-keys.ts";
import { damageWarning, type FoundEntry, findEntry, type UnusableKey } from "./find-entry.ts";
import { type KeySource, tryKeys } from "./try-keys.ts";

export type LookupResult =
  | {
      readonly outcome: "hit" | "fallback";
      readonly key: string;
      /** The address of the cache that has it. */
      readonly cache: string;
      readonly storedAt: string;
      readonly fileCount: number;
      readonly contentBytes: number;
      readonly trees: readonly StoredTree[];
    }
  | { readonly outcome: "miss"; readonly unusable: readonly UnusableKey[] };

export interface LookupRequest {
  readonly keys: readonly [string, ...string[]];
  readonly fallbackPrefixes: readonly string[];
  readonly explainRefusal?: RecordVerifier | undefined;
}

/** A cache in which entries are looked up without reading contents. */
export interface LookupSource extends KeySource {
  /** @throws BtdtError as those of `tryKeys` */
  examine(key: string, explainRefusal?: RecordVerifier): Promise<ExaminedEntry>;
}

type ExaminedEntry =
  | Pick<Extract<FoundEntry, { kind: "found" }>, "kind" | "record">
  | Exclude<FoundEntry, { readonly kind: "found" }>;

/**
 * The key that a restore would restore, as far as can be told without reading contents. Nothing is changed, and the
 * lookup is not counted as a use.
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE, CANCELLED, and those of the sources
 */
export async function lookUpKeys(
  request: LookupRequest,
  sources: readonly LookupSource[],
  { onWarning }: Pick<Runtime, "onWarning">,
): Promise<LookupResult> {
  const unusable: UnusableKey[] = [];
  const look = async (key: string, source: LookupSource): Promise<LookupResult | undefined> => {
    const entry = await source.examine(key, request.explainRefusal);
    switch (entry.kind) {
      case "missing":
        return undefined;
      case "refused":
      case "damaged":
      case "unreadable":
        onWarning(damageWarning(key, entry.reason));
        unusable.push({ key, reason: entry.reason });
        return undefined;
      case "found": {
        const { trees, storedAt } = entry.record;
        const outcome = key === request.keys[0] ? "hit" : "fallback";
        return { outcome, key, cache: source.address, storedAt, ...countsOf(trees), trees };
      }
    }
  };
  return (await tryKeys(request, sources, look, onWarning)) ?? { outcome: "miss", unusable };
}

/** The entries of a cache directory. */
export function openLookupSource(cache: CacheDirectory, runtime: Runtime): LookupSource {
  const fallbackKeys = new FallbackKeys(cache, createPause(runtime.isCancelled));
  return {
    address: display(cache.path),
    listFallbackKeys: (prefix) => fallbackKeys.list(prefix),
    examine: (key, explainRefusal) => examineEntry(cache, key, explainRefusal, runtime.onWarning),
  };
}

async function examineEntry(
  cache: CacheDirectory,
  key: string,
  explainRefusal: RecordVerifier | undefined,
  onWarning: (warning: string) => void,
): Promise<FoundEntry> {
  let examined: FoundEntry | undefined;
  for (;;) {
    const entry = await findEntry(cache, key, { explainRefusal });
    if (entry.kind !== "found") return entry;
    // A miss does without it, and it is most of what a lookup loads.
    const { examineManifests } = await import("../inventory/examine-manifests.ts");
    const digests = entry.trees.map(({ stored }) => stored.manifest);
    // It is not damaged if it was deleted or replaced in the meantime, nor if its contents were found nowhere because a
    // clean was moving them to another pack.
    const isAgain = examined?.kind === "found" && isSameRecord(examined.record, entry.record);
    const condition = examineManifests(cache, digests, isAgain ? () => undefined : onWarning);
    if (condition.kind === "whole") return entry;
    if (isAgain) {
      const now = await findEntry(cache, key, { explainRefusal });
      if (now.kind === "found" && isSameRecord(now.record, entry.record)) return condition;
    }
    examined = entry;
  }
}
