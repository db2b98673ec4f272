import type { Compression } from "../base/compression.ts";
import type { Durability } from "../base/durability.ts";
import type { Storage } from "../base/storage.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { LinkMode } from "../fs/link-mode.ts";
import type { LinkObstacle } from "../fs/link-obstacle.ts";
import type { Placement } from "../fs/place-file.ts";
import type { KeyRecord } from "../key/key-record.ts";
import type { RecordSigner } from "../key/signed-record.ts";
import type { ShareGlobs } from "../sharing/share-globs.ts";

export interface StoreRequest {
  readonly cache: CacheDirectory;
  /** All of them will name the entry; existing ones are replaced. */
  readonly keys: readonly [string, ...string[]];
  /** Directories and files, each to become a tree of the entry. */
  readonly sources: readonly [string, ...string[]];
  readonly excludePatterns: readonly string[];
  readonly ignoreMtime: boolean;
  readonly skip: SkipOptions;
  readonly linkMode: LinkMode;
  readonly globs: ShareGlobs;
  readonly storage: Storage;
  readonly compression: Compression;
  readonly durability: Durability;
  /** Signs what is stored; undefined to store it unsigned. */
  readonly sign?: RecordSigner | undefined;
  /** Pins the keys, so that no clean evicts the entry; otherwise, it leaves them as they are. */
  readonly pin?: boolean;
}

/** What an entry may do without; otherwise, it is an error. */
export interface SkipOptions {
  /** Files that still change after they were read again. */
  readonly skipChanged: boolean;
  /** Files and directories that the system does not let us read. */
  readonly skipUnreadable: boolean;
}

export const SKIP_NOTHING: SkipOptions = { skipChanged: false, skipUnreadable: false };

/** The outcome for each file's contents; empty files have none and are not counted. */
export interface KeptFiles {
  readonly newBytes: number;
  readonly fileCounts: Record<Placement | "packed" | "reused", number>;
}

/** A source of which nothing can be linked. */
interface UnlinkableSource {
  readonly source: string;
  readonly isPacked: boolean;
  readonly obstacle: LinkObstacle;
}

export interface StoreResult extends KeptFiles {
  readonly obstacles: readonly UnlinkableSource[];
  readonly trees: KeyRecord["trees"];
  readonly fileCount: number;
  readonly contentBytes: number;
}
