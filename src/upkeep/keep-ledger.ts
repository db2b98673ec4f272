import { renameSync, unlinkSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Session } from "../cache/session.ts";
import { errnoOf, ignoringErrno } from "../fs/errno.ts";
import { draftLedger } from "../inventory/draft-ledger.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { isLedgerWorthwhile } from "../ledger/ledger.ts";
import { writeLedger } from "../ledger/write-ledger.ts";
import type { CleanPlan } from "./plan.ts";

/**
 * Writes down for the next clean what this one has kept, or removes a ledger that is of no use any more. It needs no
 * lock: a ledger is true whenever it was written, and of two cleans that do this at the same time, either may be the
 * last. If it fails, the next clean reads the manifests.
 * @throws BtdtError CANCELLED
 */
export async function keepLedger(
  cache: CacheDirectory,
  session: Session,
  { stock, plan, nowMs }: { readonly stock: Inventory; readonly plan: CleanPlan; readonly nowMs: number },
  pause: Pause,
): Promise<void> {
  const { recalled, packs, isPlain, isExact, fileCounts } = stock;
  if (recalled?.isCurrent === true && plan.evictions.length === 0) return;
  const fileCount = plan.kept.reduce((sum, { id }) => sum + (fileCounts.get(id) ?? 0), 0);
  if (!isLedgerWorthwhile(fileCount) || packs.packs.length > 0) return removeLedger(cache);
  if (!isPlain || !isExact) return;
  const draft = draftLedger(stock, plan, { readMs: recalled?.readMs ?? nowMs, fileCount });
  if (!isLedgerWorthwhile(fileCount, draft.ledger.objectCount)) return removeLedger(cache);
  const temporary = session.temporaryPath();
  try {
    const isWritten = await writeLedger(temporary, draft.ledger, draft.blocks(), pause, cache.access);
    if (isWritten) renameSync(fsPath(temporary), fsPath(cache.ledgerFile));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    // It may be what fills the volume.
    ignoringErrno(() => unlinkSync(fsPath(temporary)));
  }
}

function removeLedger(cache: CacheDirectory): void {
  if (cache.hasLedger) ignoringErrno(() => unlinkSync(fsPath(cache.ledgerFile)));
}
