import { isWhole, type ModelLedger, type ModelObject, type ModelTree } from "./model-cache.ts";
import type { Place } from "./process.ts";

/** What entries need, counted by a clean before; undefined if not all of it is there. */
export function recall(
  { cache, omits }: Place,
  keyed: ReadonlySet<string>,
  objects: ReadonlyMap<string, ModelObject>,
  manifests: ReadonlySet<string>,
): ModelLedger | undefined {
  const { ledger } = cache;
  if (ledger === undefined || cache.packs.size > 0) return undefined;
  const isEachNeeded = !omits("clean: go by a ledger only if all manifests in it are there");
  if (![...ledger.counts.keys()].every((name) => isWhole(objects.get(name)))) return undefined;
  if (isEachNeeded && ![...ledger.entries].every((manifest) => manifests.has(manifest))) return undefined;
  const vanished: ModelTree[] = [];
  for (const manifest of ledger.entries) {
    const tree = keyed.has(manifest) ? undefined : cache.manifests.get(manifest);
    if (tree !== undefined) vanished.push(tree);
    else if (isEachNeeded && !keyed.has(manifest)) return undefined;
  }
  return subtract(ledger, vanished);
}

export function subtract({ entries, counts }: ModelLedger, gone: readonly ModelTree[]): ModelLedger {
  const left = new Map(counts);
  for (const { name } of gone.flatMap(({ files }) => files)) {
    const count = (left.get(name) ?? 0) - 1;
    if (count > 0) left.set(name, count);
    else left.delete(name);
  }
  const names = new Set(gone.map(({ manifest }) => manifest));
  return { entries: new Set([...entries].filter((manifest) => !names.has(manifest))), counts: left };
}

export function add({ entries, counts }: ModelLedger, fresh: readonly ModelTree[]): ModelLedger {
  const sums = new Map(counts);
  for (const { name } of fresh.flatMap(({ files }) => files)) sums.set(name, (sums.get(name) ?? 0) + 1);
  return { entries: new Set([...entries, ...fresh.map(({ manifest }) => manifest)]), counts: sums };
}

export const EMPTY_LEDGER: ModelLedger = { entries: new Set(), counts: new Map() };
