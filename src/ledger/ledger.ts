/**
 * What a clean remembers for the next one: which entries it has counted, and how many of them need each object. A
 * cache may have thousands of large entries that are much alike, and to read all their manifests takes most of the time
 * of a clean.
 *
 * A ledger says nothing about the cache as it is now. Manifests are named by their contents, so what it says about
 * them stays true; its reader checks that everything in it is still there.
 */
export interface Ledger {
  /** When all manifests were last read, in milliseconds since 1970, by the clock of the cache's file system. */
  readonly readMs: number;
  /** Of all entries together. */
  readonly fileCount: number;
  readonly entries: readonly RecordedEntry[];
  readonly manifests: readonly RecordedManifest[];
  readonly objectCount: number;
}

export interface RecordedEntry {
  /** The digests of its manifests, 64 hexadecimal digits each, ascending. */
  readonly manifests: readonly string[];
  /** No other entry has it. */
  readonly number: number;
  /** The disk space of everything that it needs, shared or not, when its manifests were read. */
  readonly neededBytes: number;
}

/** A manifest that entries have, or the base of one. */
export interface RecordedManifest {
  readonly digest: string;
  readonly sizeBytes: number;
  /** Since 1970, rounded up. */
  readonly changedSeconds: number;
  /** How many entries need it. */
  readonly entryCount: number;
  /** The numbers of these, combined by an exclusive or. */
  readonly owners: number;
}

/** To read the manifests of fewer files takes a fraction of a second. */
const FEWEST_FILES = 1_000_000;
/** A ledger of more objects is about as large as the manifests of entries that have little in common. */
const MOST_UNSHARED_OBJECTS = 2_000_000;
const LEAST_SHARING = 4;

/** Whether a ledger saves enough. @param fileCount of all entries together @param objectCount of distinct objects */
export function isLedgerWorthwhile(fileCount: number, objectCount = 0): boolean {
  const isSmall = objectCount <= MOST_UNSHARED_OBJECTS || fileCount >= LEAST_SHARING * objectCount;
  return fileCount >= FEWEST_FILES && isSmall;
}

/** Then all manifests are read again: it is the only way to notice that one cannot be read any more. */
const LONGEST_BELIEVED_MS = 7 * 24 * 60 * 60 * 1000;

export function isStillBelieved({ readMs }: Ledger, nowMs: number): boolean {
  return readMs <= nowMs && nowMs - readMs <= LONGEST_BELIEVED_MS;
}
