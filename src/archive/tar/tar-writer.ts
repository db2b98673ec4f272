import { type ByteString, isUtf8 } from "../../base/byte-string.ts";
import type { ArchiveEntry } from "../archive-entry.ts";
import type { ArchiveWriter, ByteSink } from "../archive-writer.ts";
import { BLOCK_BYTES, encodeHeader, MTIME, NAME_BYTES, PREFIX_BYTES, SIZE, TypeFlag } from "./header.ts";
import { largestOctal } from "./numbers.ts";
import { encodePaxRecords } from "./pax-records.ts";
import { formatPaxTime } from "./pax-time.ts";

const TYPES = {
  file: TypeFlag.FILE,
  directory: TypeFlag.DIRECTORY,
  symlink: TypeFlag.SYMLINK,
  hardlink: TypeFlag.HARD_LINK,
} as const;
const LARGEST_SIZE_BYTES = largestOctal(SIZE[1] - SIZE[0]);
const LATEST_SECONDS = largestOctal(MTIME[1] - MTIME[0]);
const PAX_NAME = "PaxHeaders/entry" as ByteString;
const NO_NAME = "" as ByteString;
const ROOT_NAME = "./" as ByteString;
const NON_ASCII = /[\x80-\xff]/;

/** Writes POSIX tar (`pax`): all names, sizes and times are exact, in extended headers if a plain one has no room. */
export class TarWriter implements ArchiveWriter {
  readonly #sink: ByteSink;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  async add(entry: ArchiveEntry): Promise<void> {
    await this.#sink(encodeMember(entry));
    for await (const piece of entry.body) await this.#sink(piece);
    if (entry.kind === "file") await this.#pad(entry.sizeBytes);
  }

  async finish(): Promise<void> {
    await this.#sink(new Uint8Array(2 * BLOCK_BYTES));
  }

  async #pad(sizeBytes: number): Promise<void> {
    const padding = paddingAfter(sizeBytes);
    if (padding.length > 0) await this.#sink(padding);
  }
}

/** Everything that precedes an entry's content. */
function encodeMember(entry: ArchiveEntry): Uint8Array {
  const records = new Map<string, ByteString>();
  const path =
    entry.path === "" ? ROOT_NAME : (`${entry.path}${entry.kind === "directory" ? "/" : ""}` as ByteString);
  const split = splitName(path);
  const target = entry.kind === "symlink" || entry.kind === "hardlink" ? entry.target : NO_NAME;
  if (split === undefined || isForeign(path)) records.set("path", path);
  if (target.length > NAME_BYTES || isForeign(target)) records.set("linkpath", target);
  // Otherwise, readers interpret the values above as UTF-8.
  const isText = [...records.values()].every(isUtf8);
  const sizeBytes = entry.kind === "file" ? entry.sizeBytes : 0;
  if (sizeBytes > LARGEST_SIZE_BYTES) records.set("size", `${sizeBytes}` as ByteString);
  const { mtimeSeconds: seconds, mtimeNanoseconds: nanoseconds } = entry;
  if (nanoseconds !== 0 || seconds < 0 || seconds > LATEST_SECONDS) {
    records.set("mtime", formatPaxTime({ seconds, nanoseconds }) as ByteString);
  }
  const header = {
    name: split?.name ?? (path.slice(0, NAME_BYTES) as ByteString),
    prefix: split?.prefix ?? NO_NAME,
    mode: entry.mode,
    sizeBytes: Math.min(sizeBytes, LARGEST_SIZE_BYTES),
    mtimeSeconds: Math.min(Math.max(0, seconds), LATEST_SECONDS),
    type: TYPES[entry.kind],
    linkName: target.slice(0, NAME_BYTES) as ByteString,
  };
  if (records.size === 0) return encodeHeader(header);
  const content = encodePaxRecords(
    isText ? records : new Map([["hdrcharset", "BINARY" as ByteString], ...records]),
  );
  const paxHeader = {
    ...header,
    name: PAX_NAME,
    prefix: NO_NAME,
    mode: 0o644,
    sizeBytes: content.length,
    type: TypeFlag.PAX,
    linkName: NO_NAME,
  };
  return Buffer.concat([
    encodeHeader(paxHeader),
    content,
    paddingAfter(content.length),
    encodeHeader(header),
  ]);
}

/**
 * Readers interpret a plain name according to their locale: an extended header says that a name is UTF-8; other bytes
 * are written as they are.
 */
function isForeign(name: ByteString): boolean {
  return NON_ASCII.test(name) && isUtf8(name);
}

/** Where a name has to be cut to fit into a header; undefined when it does not. */
function splitName(path: ByteString): { readonly name: ByteString; readonly prefix: ByteString } | undefined {
  if (path.length <= NAME_BYTES) return { name: path, prefix: NO_NAME };
  // A slash at the end is the name's.
  const slash = path.indexOf("/", path.length - NAME_BYTES - 1);
  if (slash <= 0 || slash > PREFIX_BYTES || slash === path.length - 1) return undefined;
  return { name: path.slice(slash + 1) as ByteString, prefix: path.slice(0, slash) as ByteString };
}

function paddingAfter(sizeBytes: number): Uint8Array {
  return new Uint8Array((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);
}
