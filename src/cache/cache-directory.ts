import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { type AccessPolicy, makeDirectoryWith, readAccessPolicy } from "../fs/access-policy.ts";
import { assertNotSymlink } from "../fs/assert-not-symlink.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { emptyStatus, type FileStatus, lstat } from "../fs/native/file-status.ts";
import { type DirectoryEntry, listPlainNames } from "../fs/native/list-names.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { readRegularFile } from "../fs/regular-file.ts";
import { cacheOpenError, foreignFile, formatMissing, newerFormat, notADirectory } from "./cache-errors.ts";

/** Everything that btdt stores is below this name in the cache directory. It does not touch anything else there. */
const ROOT_NAME = "btdt-v1";
const LEDGER_NAME = "ledger";
/** Of the directory; its files have formats of their own. */
export const FORMAT_VERSION = 1;
export const FORMAT_LINE = `btdt cache format ${FORMAT_VERSION}\n`;
const ANY_FORMAT_LINE = /^btdt cache format (\d+)\n/;

/** How much of it is read: it has one line, and may get more. */
const MOST_FORMAT_BYTES = 512;

/** The layout of a cache directory, as described in `docs/format.md`. */
export class CacheDirectory {
  /** As given by the user. */
  readonly path: ByteString;
  /** Nothing in it may be written or touched, even where this user could: `--read-only`. */
  readonly isReadOnly: boolean;
  readonly root: ByteString;
  readonly keys: ByteString;
  readonly manifests: ByteString;
  readonly objects: ByteString;
  readonly packs: ByteString;
  readonly sessions: ByteString;
  readonly editedPaths: ByteString;
  readonly restoreCounts: ByteString;
  /** Marks of manifests whose objects may not be on disk yet. */
  readonly unflushed: ByteString;
  /** Pins of keys that are never evicted. */
  readonly pins: ByteString;
  readonly lockFile: ByteString;
  readonly sizeNote: ByteString;
  readonly lastCleanFile: ByteString;
  readonly ledgerFile: ByteString;
  #hasLedger = false;
  #rootStatus: FileStatus | undefined;
  #hasFormat = false;
  #access: AccessPolicy | undefined;

  private constructor(path: ByteString, isReadOnly = false) {
    const below = (name: string): ByteString => joinBytes(this.root, name as ByteString);
    this.path = path;
    this.isReadOnly = isReadOnly;
    this.root = joinBytes(path, ROOT_NAME as ByteString);
    this.keys = below("keys");
    this.manifests = below("manifests");
    this.objects = below("objects");
    this.packs = below("packs");
    this.sessions = below("sessions");
    this.editedPaths = below("edited-paths");
    this.restoreCounts = below("restore-counts");
    this.unflushed = below("unflushed");
    this.pins = below("pins");
    this.lockFile = below("lock");
    this.sizeNote = below("size");
    this.lastCleanFile = below("last-clean");
    this.ledgerFile = below(LEDGER_NAME);
  }

  /**
   * Finds a cache without writing anything; an empty directory is an empty cache.
   * @throws BtdtError CACHE_MISSING, CACHE_NOT_A_DIRECTORY, CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER
   */
  static open(text: string, isReadOnly = false): CacheDirectory {
    const path = bytesFromText(text);
    const cache = new CacheDirectory(path, isReadOnly);
    try {
      if (cache.rootStatus() !== undefined) cache.#check();
      else if (!nodeFs().statSync(text).isDirectory()) throw notADirectory(path);
      else rejectNewerRoot(path, nodeFs().readdirSync(text));
    } catch (error) {
      throw cacheOpenError(path, error);
    }
    return cache;
  }

  /** One that does not exist: it is empty, and nothing is to be stored in it. */
  static absent(text: string): CacheDirectory {
    return new CacheDirectory(bytesFromText(text));
  }

  /** Like `open`, but creates the cache directory if it does not exist: `--create-cache`. */
  static create(text: string): CacheDirectory {
    try {
      nodeFs().mkdirSync(text, { recursive: true });
    } catch (error) {
      throw errnoOf(error) === "EEXIST"
        ? notADirectory(bytesFromText(text))
        : cacheOpenError(bytesFromText(text), error);
    }
    return CacheDirectory.open(text);
  }

  /**
   * Identifies the cache, in case a source or destination contains it or is inside it; undefined before the first
   * store.
   */
  rootStatus(): FileStatus | undefined {
    this.#rootStatus ??= lstat(this.root);
    return this.#rootStatus;
  }

  /** False before the first store has created everything: then nothing is stored yet. */
  isPrepared(): boolean {
    return this.#hasFormat || lstat(this.formatFile) !== undefined;
  }

  /** Whether there was a ledger when the cache was opened. */
  get hasLedger(): boolean {
    return this.#hasLedger;
  }

  get formatFile(): ByteString {
    return joinBytes(this.root, "format" as ByteString);
  }

  /**
   * Who may use what is in the cache: those who may use the cache directory. @throws a `node:fs` error
   */
  get access(): AccessPolicy {
    // With a dot, because it may be a symlink.
    this.#access ??= readAccessPolicy(lstat(joinBytes(this.path, "." as ByteString)) ?? emptyStatus());
    return this.#access;
  }

  /**
   * Creates one of the cache's directories, unless it exists: then it must be a directory, since a symlink could lead
   * anywhere.
   * @param keepsSticky see `applyToDirectory`
   * @returns whether it was created
   * @throws BtdtError CACHE_NOT_ACCESSIBLE, a `node:fs` error
   */
  makeDirectory(path: ByteString, keepsSticky = false): boolean {
    try {
      makeDirectoryWith(this.access, path, keepsSticky);
      return true;
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
      assertNotSymlink(path);
      return false;
    }
  }

  #check(): void {
    assertNotSymlink(this.root);
    // One listing instead of an `lstat` for each directory: on a network file system, each is a round trip.
    for (const entry of this.#readRoot()) {
      this.#hasLedger ||= entry.name === LEDGER_NAME;
      if (entry.isPlain) continue;
      const path = joinBytes(this.root, entry.name);
      if (this.#directories().includes(path)) assertNotSymlink(path);
    }
    this.#checkFormat();
  }

  #directories(): ByteString[] {
    const { keys, pins, sessions, editedPaths, unflushed, restoreCounts, manifests, objects, packs } = this;
    return [keys, pins, sessions, editedPaths, unflushed, restoreCounts, manifests, objects, packs];
  }

  #readRoot(): DirectoryEntry[] {
    try {
      return listPlainNames(this.root);
    } catch (error) {
      if (errnoOf(error) !== "ENOTDIR") throw error;
      throw foreignFile(this.root, "is not a directory", this.root);
    }
  }

  #checkFormat(): void {
    const path = this.formatFile;
    let text: string;
    try {
      text = readRegularFile(path, MOST_FORMAT_BYTES).bytes.toString("latin1");
    } catch (error) {
      switch (errnoOf(error)) {
        case "ENOENT":
          return this.#checkUnprepared();
        case "EFTYPE":
          throw foreignFile(path, "was not written by btdt", this.root);
        default:
          throw error;
      }
    }
    // The usual case, in which no regular expression is needed.
    this.#hasFormat = text.startsWith(FORMAT_LINE);
    if (this.#hasFormat) return;
    const version = Number(ANY_FORMAT_LINE.exec(text)?.[1] ?? Number.NaN);
    if (version > FORMAT_VERSION) throw newerFormat(this.path, `format ${version}`);
    throw foreignFile(path, "was not written by btdt", this.root);
  }

  /** Nothing is stored before the process that is creating the cache has published the format file. */
  #checkUnprepared(): void {
    if (namesIn(this.keys).length === 0 || this.isPrepared()) return;
    throw formatMissing(this.formatFile, FORMAT_LINE.trim(), this.root);
  }
}

function rejectNewerRoot(path: ByteString, names: readonly string[]): void {
  const newer = names.find((name) => Number(/^btdt-v(\d+)$/.exec(name)?.[1] ?? 0) > FORMAT_VERSION);
  if (newer !== undefined) throw newerFormat(path, newer);
}
