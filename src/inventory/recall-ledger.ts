import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf } from "../fs/errno.ts";
import { isLedgerWorthwhile, isStillBelieved, type Ledger } from "../ledger/ledger.ts";
import { LedgerReader } from "../ledger/ledger-reader.ts";
import type { EntryCounter } from "./entry-counter.ts";
import type { GroupedKeys } from "./group-keys.ts";
import type { Items } from "./items.ts";
import type { KnownNeeds } from "./known-needs.ts";
import { recallCounts } from "./recall-counts.ts";

/** If more of its entries have changed, it is faster to read the manifests of all others. */
const MOST_CHANGED_SHARE = 1 / 4;

/** What was taken over. */
export interface Recollection extends Pick<Ledger, "readMs" | "fileCount"> {
  /** The files of all manifests are those that were recorded. */
  readonly isUnchanged: boolean;
}

/** With more files in other entries, a ledger is worth replacing. */
const MOST_NEW_SHARE = 1 / 16;

/** Whether a ledger says about as much as there is to say. */
export function isUpToDate(recollection: Recollection, counter: EntryCounter): boolean {
  const { isUnchanged, fileCount } = recollection;
  return isUnchanged && !counter.hasForgotten && counter.readFileCount <= fileCount * MOST_NEW_SHARE;
}

export interface Recall {
  readonly cache: CacheDirectory;
  readonly keys: GroupedKeys;
  readonly items: Items;
  readonly known: KnownNeeds;
  readonly counter: EntryCounter;
  readonly nowMs: number;
  readonly pause: Pause;
}

/**
 * Counts what entries need from the ledger instead of their manifests, for a cache without packs. Of entries that are
 * gone by now, it reads the manifests, to subtract what they needed; so what is counted is what the others need. The
 * ledger is taken over only if everything in it is still there: otherwise, an entry is damaged, and the manifests tell
 * which.
 * @returns undefined if nothing is taken over, because there is no such ledger, or it is not worth reading
 * @throws BtdtError CACHE_FORMAT_NEWER, CANCELLED
 */
export async function recallLedger(recall: Recall): Promise<Recollection | undefined> {
  const { cache, keys, items } = recall;
  const fileCount = [...keys.groups.values()].reduce((sum, group) => sum + group.fileCount, 0);
  if (!cache.hasLedger || items.firstFile > 0 || !isLedgerWorthwhile(fileCount)) return undefined;
  try {
    const reader = LedgerReader.open(cache.ledgerFile, items.count);
    if (reader === undefined) return undefined;
    try {
      return await takeOver(reader, recall);
    } finally {
      reader.close();
    }
  } catch (error) {
    // Whatever cannot be read, the manifests say the same.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

async function takeOver(
  reader: LedgerReader,
  { keys, items, known, counter, nowMs, pause }: Recall,
): Promise<Recollection | undefined> {
  const { ledger } = reader;
  if (!isStillBelieved(ledger, nowMs)) return undefined;
  const entries = new Map(ledger.entries.map((entry) => [entry.manifests.join(" "), entry]));
  if (entries.size < ledger.entries.length) return undefined;
  const vanished = [...entries].flatMap(([id, { manifests }]) => (keys.groups.has(id) ? [] : [manifests]));
  const rewritten = findRewritten(ledger, items);
  if (rewritten.length + vanished.length > entries.size * MOST_CHANGED_SHARE) return undefined;
  const counts = await recallCounts(reader, items, pause);
  if (counts === undefined) return undefined;
  for (const digest of rewritten) {
    if (known.find(digest).condition.kind !== "whole") return undefined;
    await pause();
  }
  for (const { digest } of ledger.manifests) known.expect(digest);
  for (const digests of vanished) {
    if (known.list(digests) === undefined) return undefined;
    await pause();
  }
  counter.recall(entries, counts);
  counter.forgetVanished(keys);
  return { readMs: ledger.readMs, fileCount: ledger.fileCount, isUnchanged: rewritten.length === 0 };
}

/** Manifests whose files are not those that were read, though they may have the same bytes. */
function findRewritten({ manifests }: Ledger, items: Items): string[] {
  return manifests.flatMap(({ digest, sizeBytes, changedSeconds }) => {
    const item = items.itemOfFile(digest);
    const isSame =
      item !== undefined &&
      items.sizeOf(item) === sizeBytes &&
      items.changedMsOf(item) === changedSeconds * 1000;
    return isSame ? [] : [digest];
  });
}
