/**
 * Cleans a bucket: takes stock (`take-bucket-stock`), plans like any clean (`upkeep/plan`), deletes keys, and packs in
 * two steps (`protocol`). No lock is held, and a clean may be stopped at any point, or run next to others.
 */
import type { ObjectStore } from "../bucket/object-store.ts";
import type { CleanResult } from "../upkeep/clean-result.ts";
import { type CleanLimits, type CleanPlan, planClean } from "../upkeep/plan.ts";
import { numberPacks } from "./bucket-inventory.ts";
import { condemnedName, KEYS_PREFIX, packName } from "./bucket-layout.ts";
import { checkFormat } from "./check-format.ts";
import { listAll } from "./list-all.ts";
import { decideFate, type PackFate } from "./protocol.ts";
import { type BucketStock, takeBucketStock } from "./take-bucket-stock.ts";

export interface BucketCleanRequest extends Omit<CleanLimits, "nowMs"> {
  readonly dryRun: boolean;
}

export interface BucketCleanResult extends CleanResult {
  /** Packs that nothing needs and that later cleans delete, because a running store may still count on them. */
  readonly waiting: { readonly packCount: number; readonly bytes: number };
}

/** @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore` */
export async function cleanBucket(
  store: ObjectStore,
  request: BucketCleanRequest,
): Promise<BucketCleanResult> {
  await checkFormat(store);
  const stock = await takeBucketStock(store);
  const plan = planClean(numberPacks(stock), { ...request, nowMs: stock.nowMs });
  const deleted = request.dryRun ? listEvicted(plan) : await deleteKeys(store, stock, plan);
  const fates = choosePackFates(stock, deleted);
  if (!request.dryRun) await carryOut(store, stock, fates);
  return summarize(plan, stock, fates);
}

function listEvicted({ evictions }: CleanPlan): Set<string> {
  return new Set(evictions.flatMap(({ entry }) => entry.keyFiles));
}

/** Those that were stored again since they were listed stay. Returns the names of the files of those that are gone. */
async function deleteKeys(store: ObjectStore, stock: BucketStock, plan: CleanPlan): Promise<Set<string>> {
  const evicted = listEvicted(plan);
  if (evicted.size === 0) return evicted;
  const now = new Map((await listAll(store, KEYS_PREFIX)).objects.map(({ name, etag }) => [name, etag]));
  const unchanged = stock.keys.filter(({ listed, fileName }) => {
    return evicted.has(fileName) && now.get(listed.name) === listed.etag;
  });
  await store.delete(unchanged.map(({ listed }) => listed.name));
  return new Set(unchanged.map(({ fileName }) => fileName));
}

/**
 * By pack id. A key that this clean has just deleted no longer counts as needing its packs. A store that publishes it
 * again is safe: either it began before the deletion, and its packs or their marks are too young to be deleted, or it
 * sees the marks.
 */
function choosePackFates(
  { keys, packs, marks, nowMs }: BucketStock,
  deleted: ReadonlySet<string>,
): Map<string, PackFate> {
  const kept = keys.filter(({ fileName }) => !deleted.has(fileName));
  const needed = new Set(kept.flatMap(({ record }) => record?.packs.map(({ id }) => id) ?? []));
  return new Map(
    [...packs].map(([id, pack]) => [id, decideFate(pack, marks.get(id), needed.has(id), nowMs)]),
  );
}

async function carryOut(
  store: ObjectStore,
  stock: BucketStock,
  fates: ReadonlyMap<string, PackFate>,
): Promise<void> {
  const withFate = (wanted: PackFate): string[] =>
    [...fates].flatMap(([id, fate]) => (fate === wanted ? [id] : []));
  for (const id of withFate("to-condemn")) await store.put(condemnedName(id), new Uint8Array(0));
  const doomed = withFate("to-delete");
  await deleteAll(store, doomed.map(packName));
  // Marks outlive their packs: one that is deleted first would allow a store to count on a pack that is about to go.
  const pointless = [...stock.marks.keys()].filter((id) => doomed.includes(id) || !stock.packs.has(id));
  await deleteAll(store, pointless.map(condemnedName));
  await deleteAll(
    store,
    stock.staleNotes.map(({ name }) => name),
  );
}

async function deleteAll(store: ObjectStore, names: readonly string[]): Promise<void> {
  if (names.length > 0) await store.delete(names);
}

function summarize(
  plan: CleanPlan,
  { packs, nowMs }: BucketStock,
  fates: ReadonlyMap<string, PackFate>,
): BucketCleanResult {
  const measure = (wanted: readonly PackFate[]) => {
    const ids = [...fates].flatMap(([id, fate]) => (wanted.includes(fate) ? [id] : []));
    return {
      packCount: ids.length,
      bytes: ids.reduce((sum, id) => sum + (packs.get(id)?.sizeBytes ?? 0), 0),
    };
  };
  const removed = measure(["to-delete"]);
  return {
    removed: plan.evictions.map(({ entry, reason, freedBytes }) => {
      return { keys: entry.keys, lastUsedMs: entry.lastUsedMs, freedBytes, reason };
    }),
    garbage: { count: 0, bytes: 0 },
    packs: {
      removedCount: removed.packCount,
      removedBytes: removed.bytes,
      rewrittenCount: 0,
      rewrittenFreedBytes: 0,
    },
    kept: { entryCount: plan.kept.length, bytes: plan.keptBytes },
    waiting: measure(["young", "to-condemn", "condemned"]),
    nowMs,
  };
}
