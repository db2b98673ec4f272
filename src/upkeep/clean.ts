import { display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { Progress } from "../base/progress.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { withExclusiveLock } from "../cache/cache-lock.ts";
import { Session } from "../cache/session.ts";
import { reasonOf } from "../fs/errno.ts";
import { collectContents } from "../inventory/take-stock.ts";
import type { Runtime } from "../work/runtime.ts";
import { planPacks } from "./pack-plan.ts";
import { type EvictionReason, planClean } from "./plan.ts";
import { replacePacks } from "./replace-packs.ts";
import { sweep } from "./sweep.ts";

/** Where a file system has no locks, what is younger is taken to be in use. */
const GRACE_WITHOUT_LOCKS_MS = 24 * 60 * 60 * 1000;

export interface CleanRequest {
  readonly cache: CacheDirectory;
  readonly maxAgeMs: number | undefined;
  readonly maxSizeBytes: number | undefined;
  readonly dryRun: boolean;
}

export interface CleanResult {
  readonly removed: readonly {
    readonly keys: readonly string[];
    readonly lastUsedMs: number;
    readonly freedBytes: number;
    readonly reason: EvictionReason;
  }[];
  /** Left-over things that no entry needed. */
  readonly garbage: { readonly count: number; readonly bytes: number };
  /** Packs of which nothing is needed, and packs that were written anew without what is not needed. */
  readonly packs: {
    readonly removedCount: number;
    readonly removedBytes: number;
    readonly rewrittenCount: number;
    readonly rewrittenFreedBytes: number;
  };
  readonly kept: { readonly entryCount: number; readonly bytes: number };
  readonly nowMs: number;
}

/**
 * Removes what the limits say and all garbage. Stores and restores may run beside it: it works under the exclusive lock, which
 * a store needs only for the instant in which it announces what it is going to publish.
 * @throws BtdtError
 */
export async function cleanCache(request: CleanRequest, runtime: Runtime): Promise<CleanResult> {
  const { cache } = request;
  if (!cache.isPrepared()) {
    return {
      removed: [],
      garbage: { count: 0, bytes: 0 },
      packs: { removedCount: 0, removedBytes: 0, rewrittenCount: 0, rewrittenFreedBytes: 0 },
      kept: { entryCount: 0, bytes: 0 },
      nowMs: runtime.nowMs(),
    };
  }
  try {
    return request.dryRun
      ? inspect(request, runtime.nowMs(), 0, runtime.progress).result
      : await cleanPrepared(request, runtime);
  } finally {
    runtime.progress.end();
  }
}

async function cleanPrepared(request: CleanRequest, runtime: Runtime): Promise<CleanResult> {
  const { cache } = request;
  const { progress } = runtime;
  const session = Session.open(cache);
  try {
    // By the clock that all ages are measured with.
    const nowMs = session.openedMs;
    const { result, contents, packPlan } = await locked(cache, runtime, (graceMs) => {
      const inspected = inspect(request, nowMs, graceMs, progress);
      writing(cache, () => {
        sweep(cache, inspected.contents, inspected.plan, inspected.packPlan, session, progress);
      });
      return inspected;
    });
    if (packPlan.rewritten.length === 0) return result;
    const isDone = await replacePacks(
      cache,
      session,
      contents.packs,
      packPlan.rewritten,
      runtime,
      (replace) =>
        locked(cache, runtime, (graceMs) => {
          const limits = { nowMs, maxAgeMs: undefined, maxSizeBytes: undefined };
          const now = collectContents(cache, nowMs, graceMs);
          const { removedObjects } = planClean(now, limits);
          replace(now, removedObjects);
        }),
    );
    return isDone
      ? result
      : { ...result, packs: { ...result.packs, rewrittenCount: 0, rewrittenFreedBytes: 0 } };
  } finally {
    session.close();
  }
}

/** @param work is given the time for which things stay although nothing is known to need them */
async function locked<Result>(
  cache: CacheDirectory,
  runtime: Runtime,
  work: (graceMs: number) => Result,
): Promise<Result> {
  return await withExclusiveLock(cache, runtime.isCancelled, (isSupported) =>
    work(isSupported ? 0 : GRACE_WITHOUT_LOCKS_MS),
  );
}

function inspect(request: CleanRequest, nowMs: number, graceMs: number, progress: Progress) {
  const { cache, maxAgeMs, maxSizeBytes } = request;
  return writing(cache, () => {
    const contents = collectContents(cache, nowMs, graceMs, progress);
    const plan = planClean(contents, { nowMs, maxAgeMs, maxSizeBytes });
    const { packs, objectCount, objectBytes } = contents;
    const packPlan = planPacks(packs, objectCount, objectBytes, plan.removedObjects, nowMs - graceMs);
    const result: CleanResult = {
      removed: plan.evictions.map(({ entry, reason, freedBytes }) => {
        return { keys: entry.keys, lastUsedMs: entry.lastUsedMs, freedBytes: Math.round(freedBytes), reason };
      }),
      garbage: {
        count: plan.garbageObjectCount + contents.leftOvers.count,
        bytes: plan.garbageBytes + contents.leftOvers.bytes,
      },
      packs: {
        removedCount: packPlan.removed.length,
        removedBytes: packPlan.removedBytes,
        rewrittenCount: packPlan.rewritten.length,
        rewrittenFreedBytes: packPlan.rewrittenFreedBytes,
      },
      kept: { entryCount: plan.kept.length, bytes: Math.round(plan.keptBytes) },
      nowMs,
    };
    return { contents, plan, packPlan, result };
  });
}

function writing<Result>(cache: CacheDirectory, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof BtdtError) throw error;
    throw new BtdtError(
      "CACHE_WRITE_FAILED",
      `cannot clean the cache ${display(cache.path)}: ${reasonOf(error)}`,
      { path: display(cache.path), cause: error },
    );
  }
}
