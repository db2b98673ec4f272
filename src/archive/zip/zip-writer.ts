import { Zip, ZipDeflate, ZipPassThrough } from "fflate";
import { type ByteString, isUtf8, textFromBytes } from "../../base/byte-string.ts";
import { formatNumber } from "../../base/format-number.ts";
import type { ArchiveEntry } from "../archive-entry.ts";
import { invalidArchive, refusedEntry } from "../archive-errors.ts";
import type { ArchiveWriter, ByteSink } from "../archive-writer.ts";

const LEVEL = 6;
const MADE_BY_UNIX = 3;
const FILE_TYPES = { file: 0o100000, hardlink: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;
/** The most that the format can hold without its 64-bit extension, which the library does not write. */
const MOST_ENTRIES = 65_534;
const MOST_BYTES = 2 ** 32 - 2;
/** The years that a zip file can express, less a day for time zones; the library stops at 2099. */
const EARLIEST_MS = Date.UTC(1980, 0, 2);
const LATEST_MS = Date.UTC(2099, 11, 30);
const USE_TAR = "export it with --format tar or tar.gz";

/**
 * Call it before anything is written. Contents count uncompressed, so that whether an entry can be exported does not
 * depend on how well it compresses.
 * @throws BtdtError ARCHIVE_INVALID
 */
export function assertZipHolds(entryCount: number, contentBytes: number): void {
  if (entryCount > MOST_ENTRIES) throw tooManyEntries(entryCount);
  if (contentBytes > MOST_BYTES) throw tooLarge();
}

/** @throws BtdtError ARCHIVE_INVALID */
export function assertZipName(path: ByteString): void {
  if (isUtf8(path)) return;
  throw refusedEntry(path, "has a name that is not UTF-8, which a zip file cannot hold", USE_TAR);
}

/** A sentence for the user about files whose times are out of range; undefined if there are none. */
export function describeLostTimes(entries: Iterable<ArchiveEntry>): string | undefined {
  let count = 0;
  for (const { kind, mtimeSeconds } of entries) {
    if (kind === "file" && mtimeSeconds * 1000 !== clampTime(mtimeSeconds)) count += 1;
  }
  if (count === 0) return undefined;
  const [files, get] =
    count === 1 ? ["1 file has a time", "gets"] : [`${formatNumber(count)} files have times`, "get"];
  return `${files} that a zip file cannot hold, and ${get} the nearest from 1980 to 2099`;
}

/** @returns milliseconds */
function clampTime(seconds: number): number {
  return Math.min(LATEST_MS, Math.max(EARLIEST_MS, seconds * 1000));
}

function tooManyEntries(entryCount: number) {
  return invalidArchive(
    `a zip file holds at most ${formatNumber(MOST_ENTRIES)} files and directories, not ${formatNumber(entryCount)}`,
    USE_TAR,
  );
}

function tooLarge() {
  return invalidArchive("a zip file has no room for more than 4 GiB", USE_TAR);
}

/** Writes zip files with Unix modes and symlinks. Times have a resolution of two seconds, and start in 1980. */
export class ZipWriter implements ArchiveWriter {
  readonly #sink: ByteSink;
  readonly #zip: Zip;
  /** The library emits bytes at any time; they are passed on when the sink can be awaited. */
  readonly #pending: Uint8Array[] = [];
  #failure: Error | undefined;
  #entryCount = 0;
  #writtenBytes = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
    this.#zip = new Zip((error, bytes) => {
      if (error !== null) this.#failure = error;
      else this.#pending.push(bytes);
    });
  }

  async add(entry: ArchiveEntry): Promise<void> {
    assertZipName(entry.path);
    if (entry.path === "") return;
    this.#entryCount += 1;
    if (this.#entryCount > MOST_ENTRIES) throw tooManyEntries(this.#entryCount);
    if (entry.sizeBytes > MOST_BYTES || this.#writtenBytes > MOST_BYTES) throw tooLarge();
    const path = textFromBytes(entry.path);
    const name = entry.kind === "directory" ? `${path}/` : path;
    const file = entry.kind === "file" ? new ZipDeflate(name, { level: LEVEL }) : new ZipPassThrough(name);
    file.os = MADE_BY_UNIX;
    // fflate uses it in a signed shift.
    file.attrs = ((FILE_TYPES[entry.kind] | entry.mode) << 16) >>> 0;
    file.mtime = new Date(clampTime(entry.mtimeSeconds));
    this.#zip.add(file);
    if (entry.kind === "symlink") file.push(Buffer.from(entry.target, "latin1"));
    for await (const piece of entry.body) {
      file.push(piece.slice());
      await this.#flush();
    }
    file.push(new Uint8Array(0), true);
    await this.#flush();
  }

  async finish(): Promise<void> {
    if (this.#writtenBytes > MOST_BYTES) throw tooLarge();
    this.#zip.end();
    await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    for (const bytes of this.#pending.splice(0)) {
      this.#writtenBytes += bytes.length;
      await this.#sink(bytes);
    }
  }
}
