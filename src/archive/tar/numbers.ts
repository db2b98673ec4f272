import { damagedArchive } from "../archive-errors.ts";

const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;
/** Marks a number that is not octal, in its first byte. */
const BINARY_FLAG = 0x80;

/**
 * A number in a header: octal digits up to a space or NUL or, where these have no room, GNU tar's big-endian two's
 * complement of all bits but the first.
 * @throws BtdtError ARCHIVE_INVALID
 */
export function decodeNumber(field: Uint8Array): number {
  if (((field[0] ?? 0) & BINARY_FLAG) !== 0) return decodeBinary(field);
  let value = 0;
  let index = 0;
  while (field[index] === SPACE) index += 1;
  for (; index < field.length; index++) {
    const byte = field[index] ?? 0;
    if (byte === 0 || byte === SPACE) break;
    if (byte < ZERO || byte > SEVEN) throw damagedArchive("a header has a malformed number");
    value = value * 8 + (byte - ZERO);
  }
  return value;
}

function decodeBinary(field: Uint8Array): number {
  let value = BigInt((field[0] ?? 0) & ~BINARY_FLAG);
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
  const number = Number(BigInt.asIntN(8 * field.length - 1, value));
  if (!Number.isSafeInteger(number)) throw damagedArchive("a header has a number that is too large");
  return number;
}

/** The largest number that fits in octal digits and a NUL. */
export function largestOctal(fieldBytes: number): number {
  return 8 ** (fieldBytes - 1) - 1;
}

/** @param value from 0 to `largestOctal` of the field's size */
export function encodeOctal(field: Uint8Array, value: number): void {
  field.set(Buffer.from(`${value.toString(8).padStart(field.length - 1, "0")}\0`, "latin1"));
}
