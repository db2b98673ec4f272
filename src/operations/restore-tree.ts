import type { CacheDirectory } from "../backends/cache-directory.ts";
import { touchKeyFile } from "../backends/key-files.ts";
import { Session } from "../backends/session.ts";
import { type ByteString, bytesFromText, shown } from "../base/byte-string.ts";
import { BtdtError, isBtdtError } from "../base/errors.ts";
import type { LinkMode, Placement } from "../fs/place-file.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { examineDestination } from "../tree/destination.ts";
import type { PlacedTree } from "../tree/place-tree.ts";
import { candidateKeys } from "./candidate-keys.ts";
import { damageWarning, findEntry } from "./find-entry.ts";
import { placeEntry } from "./place-entry.ts";
import type { Runtime } from "./runtime.ts";

/** Threads come up in about the time in which one places so many files. */
const WORTH_THREADS_FILES = 1500;

export interface RestoreRequest {
  readonly cache: CacheDirectory;
  /** Tried in this order; the first one is the primary key. */
  readonly keys: readonly [string, ...string[]];
  /** Tried after all keys: any key that begins like this, the one stored last first. */
  readonly fallbackPrefixes: readonly string[];
  readonly destination: string;
  readonly linkMode: LinkMode;
  /** Remove what the entry does not have. */
  readonly exact: boolean;
}

export type RestoreResult =
  | {
      readonly kind: "restored";
      readonly key: string;
      readonly isPrimary: boolean;
      readonly fileCount: number;
      readonly contentBytes: number;
      /** What was done for each file; `unchanged` ones were at the destination already. */
      readonly fileCounts: Record<Placement | "unpacked" | "unchanged", number>;
    }
  | { readonly kind: "missed" };

/**
 * Restores the first of the keys whose entry is there and whole. A damaged entry is warned about and passed over; nothing of it
 * reaches the destination.
 * @throws BtdtError
 */
export async function restoreTree(request: RestoreRequest, runtime: Runtime): Promise<RestoreResult> {
  const { cache } = request;
  const destination = examineDestination(bytesFromText(request.destination), cache.root);
  const session = openSessionIfWritable(cache);
  try {
    for (const key of candidateKeys(request)) {
      const entry = findEntry(cache, key, ({ fileCount }) => {
        if (fileCount > WORTH_THREADS_FILES) runtime.runners.pool.start();
      });
      switch (entry.kind) {
        case "missing":
          continue;
        case "damaged":
          runtime.onWarning(damageWarning(key, entry.reason));
          continue;
        case "found":
          break;
      }
      // First of all, so that a clean that runs beside takes this entry for the one used last.
      touchKeyFile(cache, entry.keyFileName);
      const placed = await placeEntry(request, destination, entry.manifest, session, runtime);
      if (placed.damaged.length > 0) {
        // A clean removes the key before the contents: then this was an ordinary miss.
        const isEvicted = findEntry(cache, key).kind === "missing";
        if (!isEvicted) runtime.onWarning(damageWarning(key, describeDamage(entry.manifest, placed)));
        continue;
      }
      if (!placed.isPlaced) throw new BtdtError("CANCELLED", "stopped before anything was restored");
      return {
        kind: "restored",
        key,
        isPrimary: key === request.keys[0],
        fileCount: entry.manifest.counts.fileCount,
        contentBytes: entry.manifest.contentBytes(),
        fileCounts: placed.fileCounts,
      };
    }
    return { kind: "missed" };
  } finally {
    runtime.progress.end();
    session?.close();
  }
}

/** A session lets a restore mend objects. Without one, in a cache that may only be read, it does without. */
function openSessionIfWritable(cache: CacheDirectory): Session | undefined {
  if (!cache.isPrepared()) return undefined;
  try {
    return Session.open(cache);
  } catch (error) {
    if (isBtdtError(error, "CACHE_WRITE_FAILED")) return undefined;
    throw error;
  }
}

function describeDamage(manifest: Manifest, placed: PlacedTree): string {
  const [first] = placed.damaged;
  if (first === undefined) return "";
  const path: ByteString = manifest.filePath(first.file);
  const others = placed.damaged.length > 1 ? ` and ${placed.damaged.length - 1} more` : "";
  switch (first.problem) {
    case "changed":
      return `${shown(path)}${others} was changed through a hard link; it will be copied from now on`;
    case "missing":
      return `the content of ${shown(path)}${others} is missing`;
    case "damaged":
      return `the content of ${shown(path)}${others} is damaged in its pack`;
    case "unreadable":
      return `the content of ${shown(path)}${others} cannot be read`;
  }
}
