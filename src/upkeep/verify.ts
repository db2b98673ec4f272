import type { CacheDirectory } from "../cache/cache-directory.ts";
import { NO_GRACE } from "../inventory/find-young.ts";
import type { CachedEntry, Inventory } from "../inventory/inventory.ts";
import { type KeysNow, rereadKeys } from "../inventory/reread-keys.ts";
import { takeStock } from "../inventory/take-stock.ts";
import type { StoredTree } from "../key/key-record.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { probeVolumes } from "../work/volume-latency.ts";
import { ContentVerifier } from "./content-verifier.ts";
import { type EntryDamage, findDamage, NO_DAMAGE } from "./find-damage.ts";

export interface VerifyRequest {
  readonly cache: CacheDirectory;
  /** Empty: the whole cache, including what no entry needs. */
  readonly keys: readonly string[];
}

interface VerifiedEntry {
  readonly entry: CachedEntry;
  readonly trees: readonly StoredTree[];
  readonly damage: EntryDamage;
}

/** What was found at one time; everything may have changed since. */
export interface Verification {
  readonly stock: Inventory;
  readonly contents: ContentVerifier;
  readonly entries: readonly VerifiedEntry[];
  /** Requested keys that are not in the cache. */
  readonly missingKeys: readonly string[];
}

/** A clean may delete what is being read. */
const MOST_ATTEMPTS = 5;

/**
 * Reads contents and compares them with what keys and manifests say. It takes no lock: alongside stores, restores and
 * cleans, it looks again at what has disappeared.
 * @param contents what was read before, and is not read again
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE, CANCELLED
 */
export async function verifyCache(
  { cache, keys }: VerifyRequest,
  runtime: Runtime,
  contents = new ContentVerifier(cache, runtime),
): Promise<Verification> {
  probeVolumes(runtime.runners.pool, [cache.root]);
  const pause = createPause(runtime.isCancelled);
  for (let attempt = 1; ; attempt++) {
    const listShard = keys.length === 0 && contents.isFirstPass ? contents.readShards() : undefined;
    const request = {
      nowMs: runtime.nowMs(),
      grace: NO_GRACE,
      runner: runtime.runners.pool,
      pause,
      listShard,
      // A list that could not be read again would hide what is to be verified.
      mostKeptItems: Number.POSITIVE_INFINITY,
    };
    const stock = await takeStock(cache, request);
    const recordOf = new Map(stock.keys.map((record) => [record.key, record]));
    const reread = (entry: CachedEntry): KeysNow => rereadKeys(cache, entry, recordOf);
    const chosen = stock.entries.filter(
      (entry) => keys.length === 0 || keys.some((key) => entry.keys.includes(key)),
    );
    const isNeeded = new Uint8Array(stock.items.count);
    for (const { listItems } of chosen) for (const item of listItems() ?? []) isNeeded[item] = 1;
    await contents.verify(
      stock,
      (item, isAsNamed) => (keys.length === 0 && isAsNamed) || isNeeded[item] === 1,
    );
    if (attempt < MOST_ATTEMPTS && contents.forgetGone()) continue;
    const isAllSound = contents.isAllSound;
    const entries: VerifiedEntry[] = [];
    let isAnyReplaced = false;
    for (const entry of chosen) {
      const { trees } = reread(entry);
      // Looking at each file again would find nothing.
      const isSound = isAllSound && entry.condition.kind === "whole";
      const damage = isSound || trees === undefined ? NO_DAMAGE : findDamage(cache, trees, stock, contents);
      // An entry that a clean has evicted in the meantime is not damage.
      const now = reread(entry);
      if (trees !== undefined && now.trees !== undefined) entries.push({ entry, trees, damage });
      // What a store has made since was not listed.
      else isAnyReplaced ||= now.isReplaced;
      await pause();
    }
    if (attempt < MOST_ATTEMPTS && isAnyReplaced) continue;
    const found = new Set(chosen.flatMap((entry) => entry.keys));
    return { stock, contents, entries, missingKeys: keys.filter((key) => !found.has(key)) };
  }
}
