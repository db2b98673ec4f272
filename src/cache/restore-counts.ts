import { type ByteString, bytesFromText, display, joinBytes } from "../base/byte-string.ts";
import { applyToFile } from "../fs/access-policy.ts";
import { errnoOf, ignoringErrno } from "../fs/errno.ts";
import { constants } from "../fs/file-constants.ts";
import { namesIn } from "../fs/names-in.ts";
import { closeWritten } from "../fs/native/close-written.ts";
import { writeNext } from "../fs/native/descriptor-calls.ts";
import { emptyStatus, lstat } from "../fs/native/file-status.ts";
import { unlink } from "../fs/native/path-calls.ts";
import { closeQuickly } from "../fs/native/quick-file.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { openRegularFile, statusOf } from "../fs/regular-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";

export type Outcome = "hit" | "fallback" | "miss";

export interface DayCounts extends Record<Outcome, number> {
  /** `2026-03-09`, UTC; or `EARLIER`. */
  readonly day: string;
}

/** A file that counts the restores with one outcome, on one day or on all earlier days. */
export interface CountFile {
  readonly name: string;
  readonly outcome: Outcome;
  readonly restoreCount: number;
  readonly allocatedBytes: number;
}

const NAME = /^(\d{4}-\d\d-\d\d|earlier)-(hit|fallback|miss)$/;
/** The "day" of the counts of all earlier days together. */
const EARLIER = "earlier";
/** Enough for comparing with the same time last year. */
const LONGEST_KEPT_MS = 400 * 24 * 60 * 60 * 1000;
const ONE = new Uint8Array([0x2e]);

/**
 * Counts restores by outcome: one file per day and outcome, which grows by one byte for each. So many processes can
 * count at once, without a lock and without reading. Counting must never fail a restore: if it is impossible, nothing
 * is counted.
 */
export function countRestore(cache: CacheDirectory, outcome: Outcome, nowMs: number): void {
  if (cache.isReadOnly) return;
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const path = joinBytes(cache.restoreCounts, bytesFromText(`${day}-${outcome}`));
  ignoringErrno(() => {
    try {
      appendOne(cache, path);
    } catch (error) {
      // A restore does not create a cache, only this directory in it.
      if (errnoOf(error) !== "ENOENT") throw error;
      cache.makeDirectory(cache.restoreCounts);
      appendOne(cache, path);
    }
  });
}

function appendOne(cache: CacheDirectory, path: ByteString): void {
  const descriptor = openForAppending(cache, path);
  try {
    writeNext(descriptor, ONE, 0);
  } finally {
    closeWritten(descriptor);
  }
}

/** A file with several names is not a count: one of them may be outside the cache. */
function openForAppending(cache: CacheDirectory, path: ByteString): number {
  const status = emptyStatus();
  const descriptor = openRegularFile(
    path,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT,
    status,
  );
  const { linkCount, sizeBytes } = status;
  if (linkCount <= 1) {
    if (sizeBytes === 0) applyToFile(descriptor, cache.access);
    return descriptor;
  }
  closeQuickly(descriptor);
  throw Object.assign(new Error(`EMLINK: '${display(path)}'`), { code: "EMLINK" });
}

/**
 * By day, latest first. The last one, EARLIER, is everything before the days that are kept. @throws a `node:fs` error
 */
export function readRestoreCounts(cache: CacheDirectory): DayCounts[] {
  const days = new Map<string, DayCounts>();
  for (const { day, outcome, restoreCount } of listCounts(cache)) {
    const counts = days.get(day) ?? { day, hit: 0, fallback: 0, miss: 0 };
    counts[outcome] = restoreCount;
    days.set(day, counts);
  }
  const rank = ({ day }: DayCounts): string => (day === EARLIER ? "" : day);
  return [...days.values()].toSorted((left, right) => (rank(left) > rank(right) ? -1 : 1));
}

/** Counts of days that are too long ago to be kept separately. @throws a `node:fs` error */
export function listOldCounts(cache: CacheDirectory, nowMs: number): CountFile[] {
  const oldestDay = new Date(nowMs - LONGEST_KEPT_MS).toISOString().slice(0, 10);
  return listCounts(cache).filter(({ day }) => day !== EARLIER && day < oldestDay);
}

/**
 * Adds a day's count to that of all earlier days, so that the totals never decrease. It is a sparse file: its size is
 * the count, and it takes no space.
 * @throws a `node:fs` error
 */
export function foldCount(cache: CacheDirectory, { name, outcome, restoreCount }: CountFile): void {
  const total = joinBytes(cache.restoreCounts, bytesFromText(`${EARLIER}-${outcome}`));
  const descriptor = openForAppending(cache, total);
  try {
    // First, so that being killed in between counts nothing twice.
    unlink(joinBytes(cache.restoreCounts, bytesFromText(name)));
    nodeFs().ftruncateSync(descriptor, statusOf(descriptor).sizeBytes + restoreCount);
  } catch (error) {
    // Larger than any file of the file system: not a count by btdt.
    if (errnoOf(error) !== "EFBIG" && errnoOf(error) !== "EINVAL") throw error;
  } finally {
    closeWritten(descriptor);
  }
}

function listCounts(cache: CacheDirectory): (CountFile & { readonly day: string })[] {
  return namesIn(cache.restoreCounts).flatMap((name) => {
    const [, day, outcome] = NAME.exec(name) ?? [];
    const status = lstat(joinBytes(cache.restoreCounts, bytesFromText(name)));
    if (day === undefined || outcome === undefined || status?.kind !== "file") return [];
    const { sizeBytes, allocatedBytes } = status;
    return [{ name, day, outcome: outcome as Outcome, restoreCount: sizeBytes, allocatedBytes }];
  });
}
