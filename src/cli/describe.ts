import { escapeControls } from "../base/byte-string.ts";
import { formatNumber } from "../base/format-number.ts";
import { formatSize } from "../base/size.ts";
import { countSkipped, type StoredTree } from "../key/key-record.ts";
import type { RestoreResult } from "../restore/request.ts";
import type { StoreResult } from "../store/request.ts";

/** Phrases that several commands print. */

const MOST_NAMED = 10;

/**
 * `81,651 files, 595 MiB`, or for several trees `2 paths, 81,651 files, 595 MiB`, and whether any were left out: a
 * restore of such an entry says so, too.
 */
export function describeTrees(entry: {
  readonly trees: readonly Pick<StoredTree, "skippedCount">[];
  readonly fileCount: number;
  readonly contentBytes: number;
}): string {
  const files = `${formatCount(entry.fileCount, "file")}, ${formatSize(entry.contentBytes)}`;
  const paths = entry.trees.length === 1 ? "" : `${formatCount(entry.trees.length, "path")}, `;
  return `${paths}${files}${describeSkips(entry.trees)}`;
}

/** ` from s3://ci/main`; empty if there was only one cache to look in. */
export function describeOrigin(
  found: { readonly cache: string },
  caches: readonly unknown[],
  word: "from" | "in",
): string {
  return caches.length === 1 ? "" : ` ${word} ${escapeControls(found.cache)}`;
}

/** ` (incomplete: 3 left out)`: files and directories. */
function describeSkips(trees: readonly Pick<StoredTree, "skippedCount">[]): string {
  const count = countSkipped(trees);
  return count === 0 ? "" : ` (incomplete: ${formatNumber(count)} left out)`;
}

/** `1 file`, `2 files`, `81,651 files`. */
export function formatCount(number: number, noun: string, plural = `${noun}s`): string {
  return `${formatNumber(number)} ${number === 1 ? noun : plural}`;
}

/** `a, b, c`; of long lists, the first ten: `a, b, c and 4,990 more`. */
export function joinSome(texts: readonly string[]): string {
  const named = texts.slice(0, MOST_NAMED).map(escapeControls).join(", ");
  const others = texts.length - MOST_NAMED;
  return others > 0 ? `${named} and ${formatNumber(others)} more` : named;
}

/** `81,651 files, 595 MiB from s3://ci/main: 81,651 linked in 0.8 s`. @param elapsed see `startStopwatch` */
export function describeRestored(
  restored: Exclude<RestoreResult, { readonly outcome: "miss" }>,
  caches: readonly unknown[],
  elapsed: string,
): string {
  const origin = describeOrigin(restored, caches, "from");
  const placement = describePlacement(restored.fileCounts, restored.mendedCount);
  return `${describeTrees(restored)}${origin}: ${placement} in ${elapsed}${describeObstacle(restored.obstacle)}`;
}

/** `81,651 files, 595 MiB as npm-1, npm-main: 81,651 linked in 1.2 s`. @param elapsed see `startStopwatch` */
export function describeStored(stored: StoreResult, keys: readonly string[], elapsed: string): string {
  const placement = describePlacement(stored.fileCounts);
  const obstacle = describeObstacle(stored.obstacles[0]?.obstacle);
  return `${describeTrees(stored)} as ${keys.map(escapeControls).join(", ")}: ${placement} in ${elapsed}${obstacle}`;
}

/** `81,651 linked, 12 copied (3 mended)`: how files got to their places. Outcomes without files are left out. */
export function describePlacement(fileCounts: Readonly<Record<string, number>>, mendedCount = 0): string {
  const parts = Object.entries(fileCounts)
    .filter(([, files]) => files > 0)
    .map(([outcome, files]) => `${formatNumber(files)} ${outcome}`);
  const mended = mendedCount === 0 ? "" : ` (${formatNumber(mendedCount)} mended)`;
  return parts.length === 0 ? "nothing to do" : parts.join(", ") + mended;
}

/**
 * ` (another file system: cannot link)`: why files were packed or copied; empty if nothing kept them from being linked.
 */
export function describeObstacle(obstacle: string | undefined): string {
  return obstacle === undefined ? "" : ` (${obstacle}: cannot link)`;
}

/** Starts a stopwatch; what is returned reads it: `0.8 s`. */
export function startStopwatch(): () => string {
  const startedNs = Bun.nanoseconds();
  return () => `${((Bun.nanoseconds() - startedNs) / 1e9).toFixed(1)} s`;
}
