import { describeBlockDamage, hasDamage } from "./find-damage.ts";
import type { Verification } from "./verify.ts";

/** Something in a cache that is not as it should be. */
export interface DamageFinding {
  /** The keys of the affected entry; empty if no entry needs it. */
  readonly keys: readonly string[];
  /** The file's path in the entry; undefined if the whole entry is affected, or none. */
  readonly path?: string;
  readonly reason: string;
  readonly entryId?: string;
  /** What is lost with it, even if nothing else is. */
  readonly isKey?: boolean;
}

/** Call it before anything is repaired. */
export function listDamage({ entries, contents, stock }: Verification): DamageFinding[] {
  const damage = entries.flatMap(({ entry, damage }): DamageFinding[] => {
    const { keys, id: entryId } = entry;
    return [
      ...damage.manifestReasons.map((reason) => ({ keys, reason, entryId })),
      ...damage.files.map(({ path, reason }) => ({ keys, path, reason, entryId })),
    ];
  });
  const keys: readonly string[] = [];
  for (const { name } of stock.garbage.damagedKeyFiles) {
    damage.push({ keys, reason: `the key file ${name} is damaged`, isKey: true });
  }
  for (const { name } of stock.packs.damaged) damage.push({ keys, reason: `pack ${name} is damaged` });
  const needed = new Set(entries.flatMap(({ entry }) => [...(entry.listItems() ?? [])]));
  for (const name of contents.damagedObjects()) {
    if (needed.has(stock.items.itemOfFile(name) ?? -1)) continue;
    damage.push({ keys, reason: `the content of the unneeded object ${name} has changed` });
  }
  const reasons = new Set(damage.map(({ reason }) => reason));
  for (const { name, index } of stock.packs.packs) {
    for (let block = 0; block < index.counts.blockCount; block++) {
      const reason = describeBlockDamage(name, block);
      if (contents.blockState(name, block) === "damaged" && !reasons.has(reason))
        damage.push({ keys, reason });
    }
  }
  return damage;
}

/** The ids of damaged entries. */
export function listDamagedEntries({ entries }: Verification): Set<string> {
  return new Set(entries.filter(({ damage }) => hasDamage(damage)).map(({ entry }) => entry.id));
}
