import { type ByteString, bytesFromBuffer, joinBytes } from "../../base/byte-string.ts";
import { damagedArchive } from "../archive-errors.ts";
import { decodeNumber, encodeOctal } from "./numbers.ts";

export const BLOCK_BYTES = 512;

/** A header block: `struct posix_header` of GNU tar's manual, chapter "Basic Tar Format". */
export interface TarHeader {
  /** Including the prefix. */
  readonly name: ByteString;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  /** One character, see `TypeFlag`. */
  readonly type: string;
  readonly linkName: ByteString;
}

export const TypeFlag = {
  FILE: "0",
  /** Before POSIX. */
  OLD_FILE: "\0",
  HARD_LINK: "1",
  SYMLINK: "2",
  CHARACTER_DEVICE: "3",
  BLOCK_DEVICE: "4",
  DIRECTORY: "5",
  PIPE: "6",
  CONTIGUOUS_FILE: "7",
  PAX: "x",
  PAX_GLOBAL: "g",
  /** Solaris's, before POSIX. */
  OLD_PAX: "X",
  GNU_LONG_NAME: "L",
  GNU_LONG_LINK: "K",
  GNU_SPARSE: "S",
  GNU_VOLUME: "V",
} as const;

const NAME = [0, 100] as const;
const MODE = [100, 108] as const;
const USER = [108, 116] as const;
const GROUP = [116, 124] as const;
export const SIZE = [124, 136] as const;
export const MTIME = [136, 148] as const;
const CHECKSUM = [148, 156] as const;
const TYPE = 156;
const LINK_NAME = [157, 257] as const;
const MAGIC = [257, 265] as const;
const PREFIX = [345, 500] as const;
/** `star` stores times after a shorter prefix, and marks that at the end. */
const STAR_PREFIX = [345, 476] as const;
const STAR_MAGIC = [508, 512] as const;

const POSIX_MAGIC = "ustar\x0000";
export const NAME_BYTES = NAME[1] - NAME[0];
export const PREFIX_BYTES = PREFIX[1] - PREFIX[0];

/** @throws BtdtError ARCHIVE_INVALID */
export function decodeHeader(block: Uint8Array): TarHeader {
  const number = ([start, end]: readonly [number, number]): number =>
    decodeNumber(block.subarray(start, end));
  if (!hasChecksum(block, number(CHECKSUM))) throw damagedArchive("a header's checksum is wrong");
  const name = textOf(block, NAME);
  // GNU tar uses the prefix for other things, and has a different magic.
  const isPosix = bytesFromBuffer(block, MAGIC[0], MAGIC[0] + 6) === "ustar\0";
  const isStar = bytesFromBuffer(block, ...STAR_MAGIC) === "tar\0";
  const prefix = isPosix ? textOf(block, isStar ? STAR_PREFIX : PREFIX) : ("" as ByteString);
  return {
    name: prefix === "" ? name : joinBytes(prefix, name),
    mode: number(MODE),
    sizeBytes: number(SIZE),
    mtimeSeconds: number(MTIME),
    type: String.fromCharCode(block[TYPE] ?? 0),
    linkName: textOf(block, LINK_NAME),
  };
}

/** Numbers and names must fit: see `numbers.ts`, `split-name.ts`. */
export function encodeHeader(header: TarHeader & { readonly prefix: ByteString }): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = ([start, end]: readonly [number, number], value: number): void =>
    encodeOctal(block.subarray(start, end), value);
  block.write(header.name, NAME[0], "latin1");
  octal(MODE, header.mode);
  octal(USER, 0);
  octal(GROUP, 0);
  octal(SIZE, header.sizeBytes);
  octal(MTIME, header.mtimeSeconds);
  block.write(header.type, TYPE, "latin1");
  block.write(header.linkName, LINK_NAME[0], "latin1");
  block.write(POSIX_MAGIC, MAGIC[0], "latin1");
  block.write(header.prefix, PREFIX[0], "latin1");
  block.write(`${sumOf(block, 1).toString(8).padStart(6, "0")}\0 `, CHECKSUM[0], "latin1");
  return block;
}

/** Old programs treated bytes as signed. */
function hasChecksum(block: Uint8Array, stated: number): boolean {
  return stated === sumOf(block, 1) || stated === sumOf(block, -1);
}

/** The sum of all bytes, with spaces in place of the checksum. @param sign -1 to treat bytes above 127 as negative */
function sumOf(block: Uint8Array, sign: 1 | -1): number {
  let sum = 0;
  for (let index = 0; index < block.length; index++) {
    const byte = index >= CHECKSUM[0] && index < CHECKSUM[1] ? 0x20 : (block[index] ?? 0);
    sum += sign === -1 && byte > 127 ? byte - 256 : byte;
  }
  return sum;
}

/** Up to a NUL, if there is one. */
function textOf(block: Uint8Array, [start, end]: readonly [number, number]): ByteString {
  const nul = block.indexOf(0, start);
  return bytesFromBuffer(block, start, nul < 0 || nul > end ? end : nul);
}
