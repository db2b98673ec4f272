import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { type ByteString, bytesFromText, display, fsPath, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, isDiskFullErrno, reasonOf } from "../fs/errno.ts";
import { type FileStatus, lstat } from "../fs/native/file-status.ts";
import { publishDurably, writeDurably } from "../fs/publish-file.ts";
import { discardTree } from "../fs/remove-tree.ts";

/**
 * Everything that btdt keeps is under this name in the cache directory. What lies beside it is somebody else's.
 */
const ROOT_NAME = "btdt-v1";
const FORMAT_VERSION = 1;
const FORMAT_LINE = /^btdt cache format (\d+)\n/;

const SHARD_COUNT = 256;

/** Where things lie in a cache directory. `docs/format.md` describes the same. */
export class CacheDirectory {
  /** As the user named it. */
  readonly path: ByteString;
  readonly root: ByteString;
  readonly keys: ByteString;
  readonly manifests: ByteString;
  readonly objects: ByteString;
  readonly packs: ByteString;
  readonly sessions: ByteString;
  readonly editedPaths: ByteString;
  readonly lockFile: ByteString;

  private constructor(path: ByteString) {
    const below = (name: string): ByteString => joinBytes(this.root, name as ByteString);
    this.path = path;
    this.root = joinBytes(path, ROOT_NAME as ByteString);
    this.keys = below("keys");
    this.manifests = below("manifests");
    this.objects = below("objects");
    this.packs = below("packs");
    this.sessions = below("sessions");
    this.editedPaths = below("edited-paths");
    this.lockFile = below("lock");
  }

  /**
   * Finds a cache without writing anything; an empty directory is an empty cache.
   * @throws BtdtError CACHE_MISSING, CACHE_NOT_A_DIRECTORY, CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER
   */
  static open(text: string): CacheDirectory {
    const path = bytesFromText(text);
    const cache = new CacheDirectory(path);
    let names: string[];
    try {
      if (!statSync(text).isDirectory()) throw notADirectory(path);
      names = readdirSync(text);
    } catch (error) {
      throw cacheOpenError(path, error);
    }
    if (names.includes(ROOT_NAME)) cache.#checkFormat();
    else rejectNewerRoot(path, names);
    return cache;
  }

  /** Like `open`, for a cache that may have to be made: `--create-cache`. */
  static create(text: string): CacheDirectory {
    try {
      mkdirSync(text, { recursive: true });
    } catch (error) {
      throw errnoOf(error) === "EEXIST"
        ? notADirectory(bytesFromText(text))
        : cacheOpenError(bytesFromText(text), error);
    }
    return CacheDirectory.open(text);
  }

  /** For recognising the cache when a tree or a destination leads into it; undefined before the first store. */
  rootStatus(): FileStatus | undefined {
    return lstat(this.root);
  }

  /** False before the first store, and while that one is making what it needs: then nothing is stored. */
  isPrepared(): boolean {
    return lstat(this.#formatFile()) !== undefined;
  }

  #formatFile(): ByteString {
    return joinBytes(this.root, "format" as ByteString);
  }

  /**
   * Makes what a store needs, where it is not there yet.
   * @throws BtdtError CACHE_WRITE_FAILED
   */
  prepareForWriting(): void {
    try {
      if (this.isPrepared()) return;
      for (const directory of [
        this.root,
        this.keys,
        this.sessions,
        this.editedPaths,
        this.manifests,
        this.objects,
        this.packs,
      ]) {
        makeDirectory(directory);
      }
      for (let shard = 0; shard < SHARD_COUNT; shard++) {
        const name = shard.toString(16).padStart(2, "0") as ByteString;
        makeDirectory(joinBytes(this.manifests, name));
        makeDirectory(joinBytes(this.objects, name));
      }
      // Last, so that its presence says that all the others are there; and in one step, because others may be reading it,
      // and being killed half way must not leave an empty one.
      const unfinished = joinBytes(this.sessions, bytesFromText(`format-${crypto.randomUUID()}.new`));
      try {
        writeDurably(unfinished, Buffer.from(`btdt cache format ${FORMAT_VERSION}\n`));
        publishDurably(unfinished, this.#formatFile());
      } finally {
        discardTree(unfinished);
      }
    } catch (error) {
      throw cacheWriteError(this, error);
    }
  }

  #checkFormat(): void {
    let text: string;
    try {
      text = readFileSync(fsPath(this.#formatFile()), "utf8");
    } catch (error) {
      // Not finished by the process that was making it: nothing is stored yet.
      if (errnoOf(error) === "ENOENT") return;
      throw cacheOpenError(this.path, error);
    }
    const version = Number(FORMAT_LINE.exec(text)?.[1] ?? Number.NaN);
    if (version > FORMAT_VERSION) throw newerFormat(this.path, `format ${version}`);
    if (version !== FORMAT_VERSION) {
      throw new BtdtError("CACHE_NOT_ACCESSIBLE", `${display(this.root)}/format was not written by btdt`, {
        path: display(this.root),
        hint: `if this is a btdt cache, delete ${display(this.root)} and let it fill up again`,
      });
    }
  }
}

function rejectNewerRoot(path: ByteString, names: readonly string[]): void {
  const newer = names.find((name) => Number(/^btdt-v(\d+)$/.exec(name)?.[1] ?? 0) > FORMAT_VERSION);
  if (newer !== undefined) throw newerFormat(path, newer);
}

function newerFormat(path: ByteString, what: string): BtdtError {
  return new BtdtError(
    "CACHE_FORMAT_NEWER",
    `the cache ${display(path)} was written by a newer btdt (${what})`,
    {
      path: display(path),
      hint: "use that version of btdt, or another cache directory; nothing was changed",
    },
  );
}

function notADirectory(path: ByteString): BtdtError {
  return new BtdtError("CACHE_NOT_A_DIRECTORY", `the cache ${display(path)} is not a directory`, {
    path: display(path),
    hint: "pass --cache a directory",
  });
}

function cacheOpenError(path: ByteString, error: unknown): BtdtError {
  if (error instanceof BtdtError) return error;
  if (errnoOf(error) === "ENOENT") {
    return new BtdtError("CACHE_MISSING", `the cache directory ${display(path)} does not exist`, {
      path: display(path),
      hint: `is its volume mounted? to create a new cache: mkdir -p ${display(path)}, or --create-cache`,
    });
  }
  if (errnoOf(error) === "ENOTDIR") return notADirectory(path);
  return new BtdtError("CACHE_NOT_ACCESSIBLE", `cannot open the cache ${display(path)}: ${reasonOf(error)}`, {
    path: display(path),
    cause: error,
  });
}

/** For any failure to write below the cache's root. */
export function cacheWriteError(cache: CacheDirectory, error: unknown): BtdtError {
  if (error instanceof BtdtError) return error;
  return new BtdtError(
    "CACHE_WRITE_FAILED",
    `cannot write to the cache ${display(cache.path)}: ${reasonOf(error)}`,
    {
      path: display(cache.path),
      ...(isDiskFullErrno(errnoOf(error))
        ? { hint: "free space with btdt clean --max-size, or enlarge the volume" }
        : {}),
      cause: error,
    },
  );
}

function makeDirectory(path: ByteString): void {
  try {
    mkdirSync(fsPath(path));
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}
