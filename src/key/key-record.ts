import type { EntrySignature } from "./signature.ts";

/** One of the paths that were stored together. */
export interface StoredTree {
  /**
   * Where it was stored from, relative to the working directory; absent if it was elsewhere. See `isRecordedPath`.
   */
  readonly path?: string;
  /** The manifest's digest, 64 hexadecimal digits. */
  readonly manifest: string;
  readonly fileCount: number;
  readonly contentBytes: number;
  /** Files and directories that were left out because they changed or could not be read; absent if none. */
  readonly skippedCount?: number;
}

export interface KeyRecord {
  readonly key: string;
  /** ISO 8601, by the file system's clock; ages are computed from the file's mtime. */
  readonly storedAt: string;
  /** In the order given; recorded paths do not overlap. */
  readonly trees: readonly [StoredTree, ...StoredTree[]];
  /** Absent if it is not signed. */
  readonly signature?: EntrySignature;
  /** In a local cache in front of a far one: for each tree, the digest of the manifest that describes it there. */
  readonly origins?: readonly string[];
}

/** Totals of all trees. */
export function countsOf(trees: readonly StoredTree[]): {
  readonly fileCount: number;
  readonly contentBytes: number;
} {
  const counts = { fileCount: 0, contentBytes: 0 };
  for (const { fileCount, contentBytes } of trees) {
    counts.fileCount += fileCount;
    counts.contentBytes += contentBytes;
  }
  return counts;
}

/** How much of the sources an entry lacks. */
export function countSkipped(trees: readonly Pick<StoredTree, "skippedCount">[]): number {
  return trees.reduce((sum, { skippedCount = 0 }) => sum + skippedCount, 0);
}

/** Keys with the same contents have the same id: they are one entry. */
export function entryIdOf({ trees }: KeyRecord): string {
  return [...new Set(trees.map(({ manifest }) => manifest))].toSorted().join(" ");
}

/** Whether nothing was stored under a key between two reads of it. */
export function isSameRecord(left: KeyRecord, right: KeyRecord): boolean {
  return left.storedAt === right.storedAt && entryIdOf(left) === entryIdOf(right);
}
