import type { CacheDirectory } from "../backends/cache-directory.ts";
import { cacheWriteError } from "../backends/cache-directory.ts";
import { Session } from "../backends/session.ts";
import { shown } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { reasonOf } from "../fs/errno.ts";
import { lstat, mtimeMs } from "../fs/file-status.ts";
import { LockFile } from "../fs/flock.ts";
import { collectContents } from "../gc/collect-contents.ts";
import { type EvictionReason, planClean } from "../gc/plan.ts";
import { sweep } from "../gc/sweep.ts";
import type { Runtime } from "./runtime.ts";

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
      kept: { entryCount: 0, bytes: 0 },
      nowMs: runtime.nowMs(),
    };
  }
  if (request.dryRun) return inspectAndSweep(request, runtime.nowMs(), 0);

  const session = Session.open(cache);
  try {
    // A directory made just now tells the time by the clock that all the others are measured with.
    const status = lstat(session.directory);
    const nowMs = status === undefined ? runtime.nowMs() : mtimeMs(status);
    const lock = openLock(cache);
    try {
      const outcome = await lock.lock("exclusive", runtime.isCancelled);
      return inspectAndSweep(request, nowMs, outcome === "locked" ? 0 : GRACE_WITHOUT_LOCKS_MS);
    } finally {
      lock.close();
    }
  } finally {
    session.close();
  }
}

function openLock(cache: CacheDirectory): LockFile {
  try {
    return LockFile.open(cache.lockFile, "create");
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

function inspectAndSweep(request: CleanRequest, nowMs: number, graceMs: number): CleanResult {
  const { cache, maxAgeMs, maxSizeBytes } = request;
  try {
    const contents = collectContents(cache, nowMs, graceMs);
    const plan = planClean(contents, { nowMs, maxAgeMs, maxSizeBytes });
    if (!request.dryRun) sweep(cache, contents, plan, nowMs, graceMs);
    return {
      removed: plan.evictions.map(({ entry, reason, freedBytes }) => {
        return { keys: entry.keys, lastUsedMs: entry.lastUsedMs, freedBytes, reason };
      }),
      garbage: {
        count:
          plan.garbageObjectCount +
          contents.garbageManifests.length +
          contents.damagedKeyFiles.length +
          contents.deadSessions.length,
        bytes: plan.garbageBytes,
      },
      kept: { entryCount: plan.kept.length, bytes: plan.keptBytes },
      nowMs,
    };
  } catch (error) {
    if (error instanceof BtdtError) throw error;
    throw new BtdtError(
      "CACHE_WRITE_FAILED",
      `cannot clean the cache ${shown(cache.path)}: ${reasonOf(error)}`,
      {
        path: shown(cache.path),
        cause: error,
      },
    );
  }
}
