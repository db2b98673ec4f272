import type { ByteString } from "../base/byte-string.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";
import type { Condition } from "./condition.ts";
import type { NeedTotals } from "./count-needs.ts";
import type { Garbage } from "./garbage.ts";
import type { Items } from "./items.ts";
import type { StoredKey } from "./stored-key.ts";

/** What keys point to, with everything that it needs. Keys with the same manifests live and die together. */
export interface CachedEntry {
  /** See `entryIdOf`. */
  readonly id: string;
  readonly keys: readonly string[];
  /** The names of their files, in the same order. */
  readonly keyFiles: readonly string[];
  /** Those of its keys that are pinned; with one, it is evicted only if it is damaged. */
  readonly pinnedKeys: readonly string[];
  /** By the file system's clock; the latest of all its keys. */
  readonly lastUsedMs: number;
  /** Of the key files. */
  readonly ownBytes: number;
  /**
   * What it needs, without duplicates; see `Items`. A long list may have to be read again; undefined if that fails.
   */
  readonly listItems: () => Uint32Array | undefined;
  readonly condition: Condition;
  /** Files that were edited through a link, by family. */
  readonly editedPaths: readonly { readonly recordedPath: string; readonly paths: readonly ByteString[] }[];
}

/** The input of a plan. */
export interface Stock {
  readonly entries: readonly CachedEntry[];
  /** The disk space that each item takes. */
  readonly itemBytes: ArrayLike<number>;
  /** Of the entries, in their order. */
  readonly needs: NeedTotals;
  /** Items that must stay although no entry needs them: a running store does, or they are too young to tell. */
  readonly pinnedItems: Uint32Array;
  /** From this one on, items are files, which can be deleted individually; those before are parts of packs. */
  readonly firstFile: number;
  /** Something that could not be read may need any item, so none may be deleted. */
  readonly mayAllBeNeeded: boolean;
}

/** What a cache contains, and how it is numbered for a plan. */
export interface Inventory extends Stock {
  /** All keys of the entries, in no particular order. */
  readonly keys: readonly StoredKey[];
  readonly items: Items;
  readonly packs: PackContents;
  readonly garbage: Garbage;
  /** What could not be read and was left alone, as sentences for the user. */
  readonly warnings: readonly string[];
  /**
   * Everything that entries need is an object or a manifest, and whole, and what is needed depends on nothing else.
   */
  readonly isPlain: boolean;
  /** No item counts as needed by an entry that is gone by now. */
  readonly isExact: boolean;
  /** How many files each entry has, as its keys state it, by its id. */
  readonly fileCounts: ReadonlyMap<string, number>;
  /** What was taken over from the ledger; undefined if all manifests were read. */
  readonly recalled: RecalledLedger | undefined;
}

interface RecalledLedger {
  /** See `Ledger`. */
  readonly readMs: number;
  /** Nothing has gone from it, and little was added. */
  readonly isCurrent: boolean;
}
