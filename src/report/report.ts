import type { DayCounts } from "../cache/restore-counts.ts";
import type { CleanResult } from "../upkeep/clean-result.ts";
import type { PrefixUse } from "./group-by-prefix.ts";

/** An entry, as the report lists it. */
export interface EntryUse {
  readonly keys: readonly string[];
  readonly sizeBytes: number;
  /** What deleting it alone would free. */
  readonly freedBytes: number;
  readonly lastUsedMs: number;
  readonly isPinned: boolean;
  readonly isDamaged: boolean;
}

/** What the page shows. */
export interface CacheReport {
  /** Ready for display. */
  readonly cachePath: string;
  /** Ages are measured from it. */
  readonly nowMs: number;
  readonly keyCount: number;
  readonly keptBytes: number;
  /** What the entries would take if they shared nothing. */
  readonly unsharedBytes: number;
  readonly garbageBytes: number;
  /** Oldest first, without gaps up to today. */
  readonly days: readonly DayCounts[];
  /** The largest first. */
  readonly prefixes: readonly PrefixUse[];
  /** The largest first. */
  readonly entries: readonly EntryUse[];
  /** What a clean with the limits would do. */
  readonly clean: CleanResult;
}
