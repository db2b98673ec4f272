import { formatSize } from "../base/size.ts";

/** `81,651 files, 595 MiB`; of several trees `2 paths, 81,651 files, 595 MiB`. */
export function describeTrees(entry: {
  readonly trees: readonly unknown[];
  readonly fileCount: number;
  readonly contentBytes: number;
}): string {
  const files = `${count(entry.fileCount, "file")}, ${formatSize(entry.contentBytes)}`;
  return entry.trees.length === 1 ? files : `${count(entry.trees.length, "path")}, ${files}`;
}

/** `1 file`, `2 files`, `81,651 files`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString("en-US")} ${number === 1 ? noun : plural}`;
}

/** `81,651 linked, 12 copied`; what did not happen is not mentioned. */
export function placements(fileCounts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(fileCounts)
    .filter(([, files]) => files > 0)
    .map(([outcome, files]) => `${files.toLocaleString("en-US")} ${outcome}`);
  return parts.length === 0 ? "nothing to do" : parts.join(", ");
}

/** Starts a stopwatch; asked later, it says `0.8 s`. */
export function elapsed(): () => string {
  const startedNs = Bun.nanoseconds();
  return () => `${((Bun.nanoseconds() - startedNs) / 1e9).toFixed(1)} s`;
}
