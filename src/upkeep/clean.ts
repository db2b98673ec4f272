/**
 * Keeps a cache small and sound. A clean takes stock, looks again under the cache's exclusive lock at what may have
 * changed since, makes a plan, and carries it out; packs that are mostly garbage are rewritten without the lock and
 * replaced under it.
 */

import { display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheError } from "../cache/cache-errors.ts";
import { withExclusiveLock } from "../cache/cache-lock.ts";
import { noteClean } from "../cache/last-clean.ts";
import { readFileSystemClock } from "../cache/read-file-system-clock.ts";
import type { Session } from "../cache/session.ts";
import { replaceSizeNote } from "../cache/size-note.ts";
import { settleMarks } from "../durability/settle-marks.ts";
import { mayListStale } from "../fs/native/local-file-system.ts";
import { type Grace, NO_GRACE } from "../inventory/find-young.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { type StockRequest, takeStock } from "../inventory/take-stock.ts";
import { takeStockUnlocked } from "../inventory/take-stock-unlocked.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";
import type { LiveItems } from "../packs/rewrite/rewrite-packs.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { chooseGrace } from "./choose-grace.ts";
import { type CleanResult, NOTHING_CLEANED, summarize } from "./clean-result.ts";
import { cannotMakeRoom, isDiskFull, openSessionIfRoom } from "./full-volume.ts";
import { keepLedger } from "./keep-ledger.ts";
import { planPacks } from "./pack-plan.ts";
import { type CleanLimits, planClean } from "./plan.ts";
import { replacePacks } from "./replace-packs.ts";
import { sweep } from "./sweep.ts";
import { takeStockEarly } from "./take-stock-early.ts";
import { writeReplacement } from "./write-replacement.ts";

export interface CleanRequest extends Omit<CleanLimits, "nowMs"> {
  readonly cache: CacheDirectory;
  readonly dryRun: boolean;
  /** Note the size for stores that keep the cache below one; otherwise, only an existing note is brought up to date. */
  readonly isSizeNoted?: boolean;
}

/**
 * Evicts what exceeds the limits, and deletes all garbage. Stores and restores can run concurrently: a clean holds
 * the exclusive lock, which a store needs only for the instant in which it announces what it will publish.
 * @throws BtdtError
 */
export async function cleanCache(request: CleanRequest, runtime: Runtime): Promise<CleanResult> {
  try {
    if (!request.cache.isPrepared()) return { ...NOTHING_CLEANED, nowMs: runtime.nowMs() };
    if (request.dryRun) return await previewClean(request, runtime);
    const result = await cleanPrepared(request, runtime);
    noteClean(request.cache);
    return result;
  } catch (error) {
    if (isDiskFull(error)) throw cannotMakeRoom(request.cache, error);
    if (error instanceof BtdtError) throw error;
    throw cacheError("CACHE_WRITE_FAILED", "clean", request.cache.path, error);
  } finally {
    runtime.progress.end();
  }
}

/** Returns what a clean would do, without the lock. */
async function previewClean(request: CleanRequest, runtime: Runtime): Promise<CleanResult> {
  const limits = { ...request, nowMs: readFileSystemClock(request.cache, runtime.nowMs()) };
  const stock = await takeStockUnlocked(request.cache, stockRequest(limits.nowMs, NO_GRACE, runtime));
  const { plan, packPlan } = decide(stock, limits, NO_GRACE, runtime);
  return summarize(plan, stock.garbage, packPlan, limits.nowMs);
}

async function cleanPrepared(request: CleanRequest, runtime: Runtime): Promise<CleanResult> {
  const { cache } = request;
  // Without one, it still deletes, which makes room for the next clean to do the rest.
  const session = openSessionIfRoom(cache);
  if (session === undefined)
    runtime.onWarning(`the volume of ${display(cache.path)} is full: no packs are rewritten`);
  try {
    if (session !== undefined) await settleMarks(cache, session, runtime);
    // By the clock that determines all ages.
    const nowMs = session?.openedMs ?? readFileSystemClock(cache, runtime.nowMs());
    const early = await takeStockEarly(cache, stockRequest(nowMs, NO_GRACE, runtime));
    const { plan, stock, packPlan } = await withExclusiveLock(
      cache,
      runtime.isCancelled,
      async (hasLocks) => {
        const grace = chooseGrace(hasLocks, mayListStale(cache.root));
        // Without locks, nothing waits for the second look.
        const updated = hasLocks ? await early?.update() : undefined;
        const taken = updated ?? (await takeStock(cache, stockRequest(nowMs, grace, runtime)));
        const decision = decide(taken, { ...request, nowMs }, grace, runtime);
        const { progress, runners, onWarning } = runtime;
        const pause = createPause(runtime.isCancelled);
        const tools = { session, progress, runner: runners.pool, onWarning, pause };
        await sweep(cache, decision.stock, decision.plan, decision.packPlan, tools);
        // Last: a note that is too large only costs another clean.
        const measured = { nowMs, bytes: decision.plan.keptBytes };
        if (session !== undefined) replaceSizeNote(cache, session, measured, request.isSizeNoted === true);
        return decision;
      },
    );
    const result = summarize(plan, stock.garbage, packPlan, nowMs);
    if (session !== undefined)
      await keepLedger(cache, session, { stock, plan, nowMs }, createPause(runtime.isCancelled));
    if (packPlan.rewritten.length === 0) return result;
    const isReplaced =
      session !== undefined &&
      (await rewriteIfRoom({ cache, session, nowMs }, stock.packs, packPlan.rewritten, runtime));
    return isReplaced
      ? result
      : { ...result, packs: { ...result.packs, rewrittenCount: 0, rewrittenFreedBytes: 0 } };
  } finally {
    session?.close();
  }
}

function stockRequest(nowMs: number, grace: Grace, runtime: Runtime): StockRequest {
  const { progress, runners, isCancelled } = runtime;
  const pause = createPause(isCancelled);
  return { nowMs, grace, progress, runner: runners.pool, pause, forgetsNames: true, mayRecall: true };
}

function decide(stock: Inventory, limits: CleanLimits, grace: Grace, runtime: Runtime) {
  for (const warning of stock.warnings) runtime.onWarning(warning);
  if (stock.mayAllBeNeeded)
    runtime.onWarning("no contents are deleted: what could not be read may need them");
  const plan = planClean(stock, limits);
  return { stock, plan, packPlan: planPacks(stock, plan.unneededItems, limits.nowMs - grace.anyMs) };
}

async function rewriteIfRoom(...parameters: Parameters<typeof rewriteWaste>): Promise<boolean> {
  try {
    return await rewriteWaste(...parameters);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    const [{ cache }, , , { onWarning }] = parameters;
    onWarning(`the volume of ${display(cache.path)} is full: no packs are rewritten`);
    return false;
  }
}

/** Replaces packs that are mostly garbage with one new pack. @returns whether any was replaced */
async function rewriteWaste(
  { cache, session, nowMs }: { cache: CacheDirectory; session: Session; nowMs: number },
  packs: PackContents,
  rewritten: readonly LiveItems[],
  runtime: Runtime,
): Promise<boolean> {
  const replacement = await writeReplacement(cache, session, packs, rewritten, runtime);
  if (replacement === undefined) return false;
  try {
    return await withExclusiveLock(cache, runtime.isCancelled, async (hasLocks) => {
      const grace = chooseGrace(hasLocks, mayListStale(cache.root));
      const pause = createPause(runtime.isCancelled);
      const now = await takeStock(cache, { nowMs, grace, runner: runtime.runners.pool, pause });
      const { unneededItems } = planClean(now, { nowMs, maxAgeMs: undefined, maxSizeBytes: undefined });
      return replacePacks(cache, session, replacement, now, unneededItems);
    });
  } finally {
    replacement.writer.close();
  }
}
