import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";

/** What an object's name says, with its digest as words. */
export interface NameColumns {
  /** Of the digest, 8 in all. */
  readonly digests: Int32Array;
  permissions: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  isExclusive: boolean;
}

const NOT_A_DIGIT = 255;
const digitValues = new Uint8Array(256).fill(NOT_A_DIGIT);
for (const [value, character] of Array.from("0123456789abcdef").entries())
  digitValues[character.charCodeAt(0)] = value;

const DASH = 0x2d;
const DOT = 0x2e;
const LETTER_X = 0x78;
const MOST_PERMISSION_DIGITS = 3;
const MOST_SECONDS_DIGITS = 16;
const NANOSECONDS_DIGITS = 9;

/**
 * The same as `parseObjectName`, for a name that ends with a NUL in some memory, without making a string of it.
 * @returns false if the name is not that of an object; then `into` is of no use
 */
export function parseNameBytes(bytes: Uint8Array, start: number, into: NameColumns): boolean {
  let next = parseDigest(bytes, start, into.digests);
  if (next < 0 || bytes[next] !== DASH) return false;
  next += 1;
  const permissionDigits = countDigits(bytes, next, 8);
  if (!isNumber(bytes, next, permissionDigits, MOST_PERMISSION_DIGITS)) return false;
  into.permissions = readNumber(bytes, next, permissionDigits, 8);
  next += permissionDigits;
  if (bytes[next] !== DASH) return false;
  next += 1;
  const isNegative = bytes[next] === DASH;
  if (isNegative) next += 1;
  const secondsDigits = countDigits(bytes, next, 10);
  if (!isNumber(bytes, next, secondsDigits, MOST_SECONDS_DIGITS)) return false;
  const seconds = readNumber(bytes, next, secondsDigits, 10);
  if (!Number.isSafeInteger(seconds) || (isNegative && seconds === 0)) return false;
  into.mtimeSeconds = isNegative ? -seconds : seconds;
  next += secondsDigits;
  if (bytes[next] !== DOT) return false;
  next += 1;
  if (countDigits(bytes, next, 10) !== NANOSECONDS_DIGITS) return false;
  into.mtimeNanoseconds = readNumber(bytes, next, NANOSECONDS_DIGITS, 10);
  next += NANOSECONDS_DIGITS;
  into.isExclusive = bytes[next] === DASH && bytes[next + 1] === LETTER_X;
  return bytes[into.isExclusive ? next + 2 : next] === 0;
}

/** @returns where it ends, or -1 */
function parseDigest(bytes: Uint8Array, start: number, digest: Int32Array): number {
  let next = start;
  for (let word = 0; word < DIGEST_SIZE_BYTES / 4; word++) {
    let value = 0;
    for (let byte = 0; byte < 4; byte++) {
      const high = digitValues[bytes[next] ?? 0] ?? NOT_A_DIGIT;
      if (high === NOT_A_DIGIT) return -1;
      const low = digitValues[bytes[next + 1] ?? 0] ?? NOT_A_DIGIT;
      if (low === NOT_A_DIGIT) return -1;
      value |= ((high << 4) | low) << (8 * byte);
      next += 2;
    }
    digest[word] = value;
  }
  return next;
}

function countDigits(bytes: Uint8Array, start: number, radix: number): number {
  let end = start;
  while ((digitValues[bytes[end] ?? 0] ?? NOT_A_DIGIT) < radix) end += 1;
  return end - start;
}

/** Without leading zeros: each name has one form. */
function isNumber(bytes: Uint8Array, start: number, digitCount: number, mostDigits: number): boolean {
  if (digitCount === 0 || digitCount > mostDigits) return false;
  return digitCount === 1 || digitValues[bytes[start] ?? 0] !== 0;
}

function readNumber(bytes: Uint8Array, start: number, digitCount: number, radix: number): number {
  let value = 0;
  for (let index = start; index < start + digitCount; index++)
    value = value * radix + (digitValues[bytes[index] ?? 0] ?? 0);
  return value;
}

compileLightly(countDigits, isNumber, parseDigest, parseNameBytes, readNumber);
