import type { ByteString } from "../base/byte-string.ts";
import type { Runtime } from "../work/runtime.ts";
import { type DamageFinding, listDamage, listDamagedEntries } from "./list-damage.ts";
import { repairCache } from "./repair.ts";
import { type Verification, type VerifyRequest, verifyCache } from "./verify.ts";

/**
 * What became of the damage; `removed` if it could not be repaired, so that whatever needs it was removed as well.
 */
export type DamageOutcome = "found" | "repaired" | "removed";

export interface VerifyResult {
  readonly checked: {
    readonly keyCount: number;
    readonly objectCount: number;
    readonly blockCount: number;
    readonly contentBytes: number;
  };
  readonly damage: readonly {
    /** The keys of the affected entry; empty if no entry needs it. */
    readonly keys: readonly string[];
    /** The file's path in the entry; undefined if the whole entry is affected, or none. */
    readonly path: string | undefined;
    readonly reason: string;
    readonly outcome: DamageOutcome;
  }[];
  /** What could not be read, which says nothing about it, as sentences. */
  readonly unreadable: readonly string[];
  /** Requested keys that are not in the cache. */
  readonly missingKeys: readonly string[];
}

export interface RepairRequest extends VerifyRequest {
  readonly repair: boolean;
  /** Where the stored trees may still be: a tree, or the working directory that it was stored from. */
  readonly from: ByteString | undefined;
}

/** @throws BtdtError */
export async function verifyAndRepair(request: RepairRequest, runtime: Runtime): Promise<VerifyResult> {
  try {
    const found = await verifyCache(request, runtime);
    const { objectCount, blockCount, contentBytes } = found.contents;
    const keyCount = found.entries.reduce((sum, { entry }) => sum + entry.keys.length, 0);
    const damage = listDamage(found);
    const isRepaired = request.repair && damage.length > 0;
    const now = isRepaired ? await repairCache(request, found, request.from, runtime) : found;
    const lostEntries = listDamagedEntries(now);
    const outcomeOf = ({ entryId, isKey }: DamageFinding): DamageOutcome => {
      if (!isRepaired) return "found";
      return isKey === true || lostEntries.has(entryId ?? "") ? "removed" : "repaired";
    };
    return {
      checked: { keyCount, objectCount, blockCount, contentBytes },
      damage: damage.map((one) => {
        return { keys: one.keys, path: one.path, reason: one.reason, outcome: outcomeOf(one) };
      }),
      unreadable: describeUnreadable(now),
      missingKeys: found.missingKeys,
    };
  } finally {
    runtime.progress.end();
  }
}

function describeUnreadable({ entries, stock }: Verification): string[] {
  const reasons = entries.flatMap(({ entry, damage }) => {
    return [...damage.unreadable].map((reason) => `${entry.keys.join(", ")}: ${reason}`);
  });
  return [...stock.warnings, ...reasons];
}
