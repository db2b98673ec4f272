import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { LinkMode, Placement } from "../fs/place-file.ts";
import type { StoredTree } from "../key/key-file.ts";
import type { RestorePlaces } from "./places.ts";

export interface RestoreRequest {
  readonly cache: CacheDirectory;
  /** Tried in this order; the first one is the primary key. */
  readonly keys: readonly [string, ...string[]];
  /** Tried after all keys: any key that begins like this, the one stored last first. */
  readonly fallbackPrefixes: readonly string[];
  readonly places: RestorePlaces;
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
      readonly trees: readonly StoredTree[];
      /** As they were named or recorded, one for each tree. */
      readonly destinations: readonly string[];
      /** What was done for each file; `unchanged` ones were at the destination already. */
      readonly fileCounts: Record<Placement | "unpacked" | "unchanged", number>;
    }
  | { readonly kind: "missed" };
