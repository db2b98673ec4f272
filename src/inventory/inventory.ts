import type { PackContents } from "../packs/contents/pack-contents.ts";
import type { Condition } from "./condition.ts";
import type { Garbage } from "./garbage.ts";
import type { Items } from "./items.ts";

/** What keys point to, with everything it needs. Keys with the same manifests live and die together. */
export interface CachedEntry {
  /** See `entryIdOf`. */
  readonly id: string;
  readonly keys: readonly string[];
  /** Names of their files, in the same order. */
  readonly keyFiles: readonly string[];
  /** By the file system's clock; the latest of its keys. */
  readonly lastUsedMs: number;
  /** Of the key files. */
  readonly ownBytes: number;
  /** What it needs, each once; see `Items`. */
  readonly items: Uint32Array;
  readonly condition: Condition;
}

/** What a plan is made from. */
export interface Stock {
  readonly entries: readonly CachedEntry[];
  /** What each item takes on disk. */
  readonly itemBytes: readonly number[];
  /** Items that have to stay although no entry needs them: a store under way does, or they are too young to tell. */
  readonly pinnedItems: Uint32Array;
  /** From this one on items are files, which can be deleted by themselves; those before are parts of packs. */
  readonly firstFile: number;
  /** Something that could not be read may need any item, so that none may go. */
  readonly mayAllBeNeeded: boolean;
}

/** What a cache holds, and how it is numbered for a plan. */
export interface Inventory extends Stock {
  readonly items: Items;
  readonly packs: PackContents;
  readonly garbage: Garbage;
  /** What could not be read and was left alone: sentences for the user. */
  readonly warnings: readonly string[];
}
