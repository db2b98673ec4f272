import { appendFileSync, mkdirSync, statSync } from "node:fs";
import { type ByteString, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import type { CacheDirectory } from "./cache-directory.ts";

export type Outcome = "hit" | "fallback" | "miss";

export interface DayCounts extends Record<Outcome, number> {
  /** `2026-03-09`, UTC. */
  readonly day: string;
}

const NAME = /^(\d{4}-\d\d-\d\d)-(hit|fallback|miss)$/;
const ONE = ".";

/**
 * Counts how restores went: one file for each day and outcome, that grows by one byte. So many processes may count at once, without a lock
 * and without reading. Counting must never fail a restore: where it is not possible, nothing is counted.
 */
export function countRestore(cache: CacheDirectory, outcome: Outcome, nowMs: number): void {
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const path = fsPath(joinBytes(countsOf(cache), bytesFromText(`${day}-${outcome}`)));
  try {
    try {
      appendFileSync(path, ONE);
    } catch (error) {
      // A restore makes no cache where there is none: only the last directory.
      if (errnoOf(error) !== "ENOENT") throw error;
      mkdirSync(fsPath(countsOf(cache)));
      appendFileSync(path, ONE);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** By day, the latest first. @throws a `node:fs` error */
export function readRestoreCounts(cache: CacheDirectory): DayCounts[] {
  const days = new Map<string, DayCounts>();
  for (const name of namesIn(countsOf(cache))) {
    const [, day, outcome] = NAME.exec(name) ?? [];
    if (day === undefined || outcome === undefined) continue;
    const counts = days.get(day) ?? { day, hit: 0, fallback: 0, miss: 0 };
    counts[outcome as Outcome] = statSync(fsPath(joinBytes(countsOf(cache), bytesFromText(name)))).size;
    days.set(day, counts);
  }
  return [...days.values()].toSorted((left, right) => (left.day > right.day ? -1 : 1));
}

function countsOf(cache: CacheDirectory): ByteString {
  return joinBytes(cache.root, "restore-counts" as ByteString);
}
