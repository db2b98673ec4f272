import { type ByteString, bytesFromBuffer } from "../../base/byte-string.ts";
import { damagedArchive, refusedEntry } from "../archive-errors.ts";
import { type TarHeader, TypeFlag } from "./header.ts";
import { decodePaxRecords } from "./pax-records.ts";
import { parsePaxTime } from "./pax-time.ts";

/** The description of one file in an archive, including everything that extends its header. */
export interface TarMember extends TarHeader {
  readonly mtimeNanoseconds: number;
}

/** Larger than any real one: names have up to 4 KiB, extended attributes up to 64 KiB each. */
export const LARGEST_EXTENSION_BYTES = 4 * 1024 * 1024;

const SIZE = /^\d{1,15}$/;

/** Keywords that this reader knows; storing the values of others would only take memory. */
const KEYWORDS: ReadonlySet<string> = new Set(["path", "linkpath", "size", "mtime"]);

/**
 * Keywords of sparse files, by GNU tar and bsdtar, star and Solaris: what follows their header is a map, not content.
 */
const SPARSE = /^GNU\.sparse\.|^SCHILY\.realsize$|^SUN\.holesdata$/;

export function isExtension(type: string): boolean {
  switch (type) {
    case TypeFlag.PAX:
    case TypeFlag.OLD_PAX:
    case TypeFlag.PAX_GLOBAL:
    case TypeFlag.GNU_LONG_NAME:
    case TypeFlag.GNU_LONG_LINK:
      return true;
    default:
      return false;
  }
}

/** What extension headers say about the files after them. pax takes precedence over GNU, and both over the header. */
export class Extensions {
  readonly #global = new Map<string, ByteString>();
  #local = new Map<string, ByteString>();
  #longName: ByteString | undefined;
  #longLink: ByteString | undefined;
  #isPending = false;

  /** Whether there are extensions for a next file. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** @param type the type of an extension, and `content` its body. @throws BtdtError ARCHIVE_INVALID */
  take(type: string, content: Uint8Array): void {
    switch (type) {
      case TypeFlag.GNU_LONG_NAME:
        this.#longName = textOf(content);
        break;
      case TypeFlag.GNU_LONG_LINK:
        this.#longLink = textOf(content);
        break;
      case TypeFlag.PAX_GLOBAL:
        collect(decodePaxRecords(content), this.#global);
        return;
      default:
        collect(decodePaxRecords(content), this.#local);
        break;
    }
    this.#isPending = true;
  }

  /** The next file; after it, only global extensions remain. @throws BtdtError ARCHIVE_INVALID */
  apply(header: TarHeader): TarMember {
    const name = this.#value("path") ?? this.#longName ?? header.name;
    const linkName = this.#value("linkpath") ?? this.#longLink ?? header.linkName;
    if (header.type === TypeFlag.GNU_SPARSE || this.#local.has("sparse") || this.#global.has("sparse")) {
      throw refusedEntry(
        name,
        "is stored as a sparse file, which btdt does not support",
        "make the archive without --sparse; with bsdtar, add --no-read-sparse",
      );
    }
    const size = this.#value("size");
    const mtime = this.#value("mtime");
    const time = mtime === undefined ? { seconds: header.mtimeSeconds, nanoseconds: 0 } : parsePaxTime(mtime);
    if (time === undefined) throw damagedArchive("an extended header has a malformed time");
    if (size !== undefined && !SIZE.test(size))
      throw damagedArchive("an extended header has a malformed size");
    this.#local = new Map();
    [this.#longName, this.#longLink, this.#isPending] = [undefined, undefined, false];
    return {
      ...header,
      name,
      linkName,
      sizeBytes: size === undefined ? header.sizeBytes : Number(size),
      mtimeSeconds: time.seconds,
      mtimeNanoseconds: time.nanoseconds,
    };
  }

  /** An empty value means none, and cancels a global one. */
  #value(keyword: string): ByteString | undefined {
    const value = this.#local.get(keyword) ?? this.#global.get(keyword);
    return value === "" ? undefined : value;
  }
}

function collect(records: ReadonlyMap<string, ByteString>, into: Map<string, ByteString>): void {
  for (const [keyword, value] of records) {
    if (KEYWORDS.has(keyword)) into.set(keyword, value);
    if (SPARSE.test(keyword)) into.set("sparse", keyword as ByteString);
  }
}

function textOf(content: Uint8Array): ByteString {
  const nul = content.indexOf(0);
  return bytesFromBuffer(content, 0, nul < 0 ? content.length : nul);
}
