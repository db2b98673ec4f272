import { Zip, ZipDeflate, ZipPassThrough } from "fflate";
import { bytesFromText, textFromBytes } from "../../base/byte-string.ts";
import type { ArchiveEntry, ArchiveWriter, ByteSink } from "./archive-entry.ts";
import { assertUtf8, invalid } from "./archive-text.ts";

const LEVEL = 6;
const MADE_BY_UNIX = 3;
const FILE_TYPES = { file: 0o100000, hardlink: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;
/** What the format has room for without its 64-bit extension, which the library does not write. */
const MOST_ENTRIES = 65_534;
const MOST_BYTES = 2 ** 32 - 2;
/** The years that a zip file can tell. */
const EARLIEST_MS = Date.UTC(1980, 0, 2);
const LATEST_MS = Date.UTC(2099, 11, 30);
const USE_TAR = "export it with --format tar or tar.gz";

/**
 * To be asked before anything is written. Contents count as they are, so that whether an entry can be exported does not hang on how
 * well it compresses.
 * @throws BtdtError ARCHIVE_INVALID
 */
export function assertZipHolds(entryCount: number, contentBytes: number): void {
  if (entryCount > MOST_ENTRIES) throw tooManyEntries(entryCount);
  if (contentBytes > MOST_BYTES) throw tooLarge();
}

function tooManyEntries(entryCount: number) {
  return invalid(
    `a zip file holds at most ${MOST_ENTRIES.toLocaleString("en-US")} files and directories, not ${entryCount.toLocaleString("en-US")}`,
    USE_TAR,
  );
}

function tooLarge() {
  return invalid("a zip file has no room for more than 4 GiB", USE_TAR);
}

/** Zip with Unix modes and symlinks. Times are kept to two seconds, from 1980 on. */
export class ZipWriter implements ArchiveWriter {
  readonly #zip: Zip;
  #failure: Error | undefined;
  #entryCount = 0;
  #writtenBytes = 0;

  constructor(sink: ByteSink) {
    this.#zip = new Zip((error, bytes) => {
      if (error !== null) {
        this.#failure = error;
        return;
      }
      this.#writtenBytes += bytes.length;
      sink(bytes);
    });
  }

  async add(entry: ArchiveEntry): Promise<void> {
    assertUtf8(entry.path, entry.target);
    if (entry.path === "") return;
    this.#entryCount += 1;
    if (this.#entryCount > MOST_ENTRIES) throw tooManyEntries(this.#entryCount);
    if (entry.sizeBytes > MOST_BYTES || this.#writtenBytes > MOST_BYTES) throw tooLarge();
    const path = textFromBytes(entry.path);
    const name = entry.kind === "directory" ? `${path}/` : path;
    const file = entry.kind === "file" ? new ZipDeflate(name, { level: LEVEL }) : new ZipPassThrough(name);
    file.os = MADE_BY_UNIX;
    // fflate puts it into a signed shift.
    file.attrs = ((FILE_TYPES[entry.kind] | entry.mode) << 16) >>> 0;
    file.mtime = new Date(Math.min(LATEST_MS, Math.max(EARLIEST_MS, entry.mtimeSeconds * 1000)));
    this.#zip.add(file);
    if (entry.kind === "symlink") {
      file.push(Buffer.from(bytesFromText(textFromBytes(entry.target)), "latin1"));
    }
    for await (const piece of entry.body) file.push(piece.slice());
    file.push(new Uint8Array(0), true);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async finish(): Promise<void> {
    if (this.#writtenBytes > MOST_BYTES) throw tooLarge();
    this.#zip.end();
    if (this.#failure !== undefined) throw this.#failure;
  }
}
