import { chmodSync, constants, linkSync, mkdirSync, openSync, readlinkSync, symlinkSync } from "node:fs";
import { type ByteString, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { setAttributes } from "../fs/file-attributes.ts";
import { extendTo, writeAroundZeros } from "../fs/holes.ts";
import { closeWritten } from "../fs/native/close-written.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { setMtimeBuffer } from "../fs/native/set-times.ts";
import type { ArchiveEntry } from "./archive-entry.ts";
import { damagedArchive, invalidArchive, refusedEntry } from "./archive-errors.ts";
import {
  assertHasTarget,
  assertUnused,
  depthOf,
  type KnownKind,
  listAncestors,
  normalizePath,
} from "./extract-rules.ts";

/** Until a directory is complete, nobody else can look into it, and this process can write to it. */
const UNFINISHED_MODE = 0o700;
const OWNER_READS = 0o500;
/** The list of paths is kept in memory, and a small archive can contain very many. */
const MOST_ENTRIES = 10_000_000;

/** Large enough to show where a file has long runs of zeros. */
const collected = new Uint8Array(256 * 1024);

export interface ExtractOptions {
  /** For directories without an entry in the archive. */
  readonly umask: number;
  /** Yields to signals. */
  readonly onEntry: () => Promise<void>;
}

/**
 * Creates the tree of an archive at a path that belongs to this process. The archive may be hostile: paths that would
 * escape or lead through a symlink, hard links to what is not in the archive, and duplicate paths are errors.
 * @returns the number of paths, with the root
 * @throws BtdtError ARCHIVE_INVALID; a `node:fs` error
 */
export async function extract(
  entries: AsyncIterable<ArchiveEntry>,
  root: ByteString,
  options: ExtractOptions,
): Promise<number> {
  const extractor = new Extractor(root, options.umask);
  for await (const entry of entries) {
    await extractor.add(entry);
    await options.onEntry();
  }
  extractor.finish();
  return extractor.pathCount;
}

class Extractor {
  readonly #root: ByteString;
  readonly #impliedMode: number;
  readonly #kinds = new Map<string, KnownKind>([["", "implied"]]);
  readonly #directories = new Map<ByteString, ArchiveEntry>();
  readonly #path = new PathBuffer();

  constructor(root: ByteString, umask: number) {
    this.#root = root;
    this.#impliedMode = 0o777 & ~umask;
    mkdirSync(fsPath(root), { mode: UNFINISHED_MODE });
  }

  get pathCount(): number {
    return this.#kinds.size;
  }

  async add(entry: ArchiveEntry): Promise<void> {
    const path = normalizePath(entry.path);
    try {
      await this.#make(entry, path);
    } catch (error) {
      throw errnoOf(error) === "ENAMETOOLONG" ? refusedEntry(path, "has a path that is too long") : error;
    }
    const linked = entry.kind === "hardlink" ? this.#kinds.get(normalizePath(entry.target)) : undefined;
    this.#kinds.set(path, entry.kind === "hardlink" ? (linked ?? "file") : entry.kind);
    if (this.#kinds.size > MOST_ENTRIES) throw invalidArchive("the archive has too many files");
  }

  /**
   * Sets the attributes of directories, deepest first: the contents of an inaccessible directory cannot be reached.
   */
  finish(): void {
    const paths = [...this.#kinds].filter(([, kind]) => kind === "directory" || kind === "implied");
    for (const [path] of paths.toSorted(
      ([one], [other]) => depthOf(other as ByteString) - depthOf(one as ByteString),
    )) {
      const target = this.#locate(path as ByteString);
      const entry = this.#directories.get(path as ByteString);
      // One that its owner cannot read could not be stored.
      const mode = entry?.mode ?? this.#impliedMode;
      chmodSync(fsPath(target), (mode & OWNER_READS) === OWNER_READS ? mode : mode | UNFINISHED_MODE);
      if (entry !== undefined) {
        setMtimeBuffer(this.#path.set(target), entry.mtimeSeconds, entry.mtimeNanoseconds);
      }
    }
  }

  async #make(entry: ArchiveEntry, path: ByteString): Promise<void> {
    assertUnused(path, this.#kinds.get(path), entry.kind);
    this.#makeAncestors(path);
    const target = this.#locate(path);
    switch (entry.kind) {
      case "directory":
        if (!this.#kinds.has(path)) mkdirSync(fsPath(target), { mode: UNFINISHED_MODE });
        this.#directories.set(path, entry);
        break;
      case "file":
        await writeFile(target, entry);
        setAttributes(this.#path.set(target), entry);
        break;
      case "symlink":
        assertHasTarget(path, entry.target);
        symlinkSync(fsPath(entry.target), fsPath(target));
        setMtimeBuffer(this.#path.set(target), entry.mtimeSeconds, entry.mtimeNanoseconds);
        break;
      case "hardlink":
        this.#makeHardLink(entry, path, target);
        break;
    }
  }

  /** Of a symlink, a copy: links have no second name in an entry, and not every system can give them one. */
  #makeHardLink(entry: ArchiveEntry, path: ByteString, target: ByteString): void {
    const other = normalizePath(entry.target);
    const existing = this.#locate(other);
    switch (this.#kinds.get(other)) {
      case "file":
        linkSync(fsPath(existing), fsPath(target));
        break;
      case "symlink":
        symlinkSync(readlinkSync(fsPath(existing), { encoding: "buffer" }), fsPath(target));
        setMtimeBuffer(this.#path.set(target), entry.mtimeSeconds, entry.mtimeNanoseconds);
        break;
      default:
        throw refusedEntry(path, "is a hard link to something that is not a file of the archive");
    }
  }

  #makeAncestors(path: ByteString): void {
    for (const ancestor of listAncestors(path)) {
      const kind = this.#kinds.get(ancestor);
      if (kind === "directory" || kind === "implied") continue;
      if (kind !== undefined) throw refusedEntry(path, "is below something that is not a directory");
      mkdirSync(fsPath(this.#locate(ancestor)), { mode: UNFINISHED_MODE });
      this.#kinds.set(ancestor, "implied");
    }
  }

  #locate(path: ByteString): ByteString {
    return path === "" ? this.#root : joinBytes(this.#root, path);
  }
}

async function writeFile(target: ByteString, entry: ArchiveEntry): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const descriptor = openSync(fsPath(target), flags, 0o600);
  let sizeBytes = 0;
  let isEndLeftOut = false;
  try {
    for await (const piece of collect(entry.body)) {
      isEndLeftOut = writeAroundZeros(descriptor, piece, sizeBytes);
      sizeBytes += piece.length;
    }
    if (isEndLeftOut) extendTo(descriptor, sizeBytes);
  } finally {
    closeWritten(descriptor);
  }
  if (sizeBytes !== entry.sizeBytes) throw damagedArchive("a file does not match its checksum or size");
}

/** The same bytes in pieces of whole pages, except for the last one; each is valid until the next is requested. */
async function* collect(body: ArchiveEntry["body"]): AsyncGenerator<Uint8Array, void> {
  let filledBytes = 0;
  for await (const piece of body) {
    for (let start = 0; start < piece.length; ) {
      const part = piece.subarray(start, start + collected.length - filledBytes);
      collected.set(part, filledBytes);
      start += part.length;
      filledBytes += part.length;
      if (filledBytes < collected.length) continue;
      yield collected;
      filledBytes = 0;
    }
  }
  if (filledBytes > 0) yield collected.subarray(0, filledBytes);
}
