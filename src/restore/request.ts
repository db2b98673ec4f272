import type { UnusableKey } from "../entry/find-entry.ts";
import type { LinkMode } from "../fs/link-mode.ts";
import type { LinkObstacle } from "../fs/link-obstacle.ts";
import type { Placement } from "../fs/place-file.ts";
import type { StoredTree } from "../key/key-record.ts";
import type { RecordVerifier } from "../key/signed-record.ts";
import type { ShareGlobs } from "../sharing/share-globs.ts";
import type { RestorePlaces } from "./places.ts";

export interface RestoreRequest {
  /** Tried in this order; the first one is the primary key. */
  readonly keys: readonly [string, ...string[]];
  /** Tried after all keys: any key with this prefix, newest first. */
  readonly fallbackPrefixes: readonly string[];
  readonly places: RestorePlaces;
  readonly linkMode: LinkMode;
  readonly globs: ShareGlobs;
  /** Remove whatever is not in the entry. */
  readonly exact: boolean;
  /** Restores only entries that are trusted, and links only to objects that nobody else can write. */
  readonly explainRefusal?: RecordVerifier | undefined;
  /** Hash every file that is restored, linked ones too; one whose bytes do not match is damage. */
  readonly verify: boolean;
}

/** `hit` is the primary key, `fallback` any other. */
export type RestoreResult =
  | {
      readonly outcome: "hit" | "fallback";
      readonly key: string;
      /** The address of the cache that it came from. */
      readonly cache: string;
      readonly fileCount: number;
      readonly contentBytes: number;
      readonly trees: readonly StoredTree[];
      /** As given or recorded, one for each tree. */
      readonly destinations: readonly string[];
      readonly fileCounts: PlacementCounts;
      /** Files that needed their objects to be made whole first, from what the cache still has of their contents. */
      readonly mendedCount: number;
      /** Why all files were copied, if the file systems are why. */
      readonly obstacle?: LinkObstacle;
      /** Whether a clean will know that the entry was used. */
      readonly isUseNoted: boolean;
    }
  | { readonly outcome: "miss"; readonly unusable: readonly UnusableKey[] };

/** The number of files by how they were placed; `unchanged` ones were already at the destination. */
export type PlacementCounts = Readonly<Record<Placement | "unpacked" | "unchanged", number>>;
