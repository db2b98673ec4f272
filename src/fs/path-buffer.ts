import { type Pointer, ptr } from "bun:ffi";
import { type ByteString, bytesFromBuffer, shown } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { shortLived, shortLivedMethods } from "../base/short-lived.ts";

/** The kernel's limit for one path, its closing NUL included. */
const PATH_MAX_BYTES = 4096;

const ZERO = 0x30;
const LETTER_A = 0x61;

/**
 * One path as a C string in memory that does not move, built and cut back in place, so that a loop over
 * many files of one directory allocates nothing.
 *
 * Every method that lengthens the path throws BtdtError PATH_TOO_LONG rather than name another file.
 */
export class PathBuffer {
  private readonly bytes = Buffer.from(new ArrayBuffer(PATH_MAX_BYTES));
  readonly pointer: Pointer = ptr(this.bytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  set(path: ByteString): this {
    this.#length = 0;
    return this.append(path);
  }

  /** Cuts back to a length that `length` had before. */
  truncate(length: number): this {
    this.#length = length;
    this.bytes[length] = 0;
    return this;
  }

  append(part: ByteString): this {
    this.bytes.write(part, this.reserve(part.length), "latin1");
    return this;
  }

  /** Makes the path longer by so many bytes, which are still to be written; answers where they begin. */
  private reserve(sizeBytes: number): number {
    const offset = this.#length;
    if (offset + sizeBytes >= PATH_MAX_BYTES) throw this.#tooLong();
    this.#length = offset + sizeBytes;
    this.bytes[this.#length] = 0;
    return offset;
  }

  // The next four are for loops over many files: a string for each name costs more than to write its bytes.

  appendByte(byte: number): this {
    this.bytes[this.reserve(1)] = byte;
    return this;
  }

  /** Appends a part of a column of names. */
  appendBytes(source: Uint8Array, start: number, end: number): this {
    const offset = this.reserve(end - start);
    for (let index = start; index < end; index++) this.bytes[offset + index - start] = source[index] ?? 0;
    return this;
  }

  /** Appends bytes as lower-case hexadecimal digits. */
  appendHex(source: Uint8Array, start: number, end: number): this {
    let offset = this.reserve(2 * (end - start));
    for (let index = start; index < end; index++) {
      const byte = source[index] ?? 0;
      this.bytes[offset] = digitOf(byte >> 4);
      this.bytes[offset + 1] = digitOf(byte & 15);
      offset += 2;
    }
    return this;
  }

  /**
   * Appends a number as `toString(radix)` and `padStart(leastDigits, "0")` would write it.
   * @param value an integer, not negative and below 2³¹
   */
  appendNumber(value: number, radix: number, leastDigits = 1): this {
    let digits = 1;
    for (let rest = (value / radix) | 0; rest > 0; rest = (rest / radix) | 0) digits += 1;
    digits = Math.max(digits, leastDigits);
    let offset = this.reserve(digits) + digits - 1;
    for (let rest = value | 0; digits > 0; digits--, offset--) {
      const quotient = (rest / radix) | 0;
      this.bytes[offset] = digitOf(rest - quotient * radix);
      rest = quotient;
    }
    return this;
  }

  toBytes(): ByteString {
    return bytesFromBuffer(this.bytes, 0, this.#length);
  }

  #tooLong(): BtdtError {
    const start = shown(this.toBytes());
    return new BtdtError("PATH_TOO_LONG", `the path is longer than ${PATH_MAX_BYTES - 1} bytes: ${start}…`, {
      path: start,
      hint: "start from a directory nearer to it, so that the path gets shorter",
    });
  }
}

/** The character of a digit up to 15. */
function digitOf(digit: number): number {
  return digit < 10 ? ZERO + digit : LETTER_A + digit - 10;
}

shortLived(digitOf);
shortLivedMethods(PathBuffer);
