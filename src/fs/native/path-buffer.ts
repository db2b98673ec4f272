import { type Pointer, ptr } from "bun:ffi";
import { type ByteString, bytesFromBuffer, display } from "../../base/byte-string.ts";
import { compileLightly, compileMethodsLightly } from "../../base/compile-lightly.ts";
import { BtdtError } from "../../base/errors.ts";
import { AT_FDCWD } from "./libc.ts";

/** The kernel's limit for a path, including the final NUL. */
export const PATH_MAX_BYTES = 4096;

/** For no held directory: no path is that long. */
const NEVER = PATH_MAX_BYTES;

const SLASH = 0x2f;
const ZERO = 0x30;
const LETTER_A = 0x61;

/**
 * A path as a C string at a stable address. It is extended and truncated in place, so that a loop over many files in
 * a directory allocates nothing.
 *
 * Every method that extends the path throws BtdtError PATH_TOO_LONG rather than name a different file.
 */
export class PathBuffer {
  private readonly bytes = Buffer.allocUnsafeSlow(PATH_MAX_BYTES);
  readonly pointer: Pointer = ptr(this.bytes);
  #length = 0;
  private heldDescriptor = AT_FDCWD;
  /** Where the names in the held directory start. */
  private heldLength = NEVER;

  get length(): number {
    return this.#length;
  }

  set(path: ByteString): this {
    this.#length = 0;
    this.letGo();
    return this.append(path);
  }

  /** The path names an open directory, see `HeldDirectory`. */
  hold(descriptor: number): void {
    this.heldDescriptor = descriptor;
    this.heldLength = this.bytes[this.#length - 1] === SLASH ? this.#length : this.#length + 1;
  }

  letGo(): void {
    this.heldDescriptor = AT_FDCWD;
    this.heldLength = NEVER;
  }

  /** For system calls that take a directory and what to look up from there, which is at `pointerFromStart`. */
  startDescriptor(): number {
    return this.isInHeld() ? this.heldDescriptor : AT_FDCWD;
  }

  pointerFromStart(): Pointer {
    return this.isInHeld() ? ((this.pointer + this.heldLength) as Pointer) : this.pointer;
  }

  /** Whether the path is below the held directory: neither that itself nor a sibling whose name starts like it. */
  private isInHeld(): boolean {
    return this.#length > this.heldLength && this.bytes[this.heldLength - 1] === SLASH;
  }

  /** Truncates to a length that `length` had before. */
  truncate(length: number): this {
    // What is appended now may be the end of another directory's name.
    if (length < this.heldLength - 1) this.letGo();
    this.#length = length;
    this.bytes[length] = 0;
    return this;
  }

  append(part: ByteString): this {
    this.bytes.write(part, this.reserve(part.length), "latin1");
    return this;
  }

  /** Extends the path by a number of bytes, which the caller must write; returns their offset. */
  private reserve(sizeBytes: number): number {
    const offset = this.#length;
    if (offset + sizeBytes >= PATH_MAX_BYTES) throw this.#tooLong();
    this.#length = offset + sizeBytes;
    this.bytes[this.#length] = 0;
    return offset;
  }

  // The next three are for loops over many files: creating a string per name costs more than writing its bytes.

  appendByte(byte: number): this {
    this.bytes[this.reserve(1)] = byte;
    return this;
  }

  /** Appends part of a column of names. */
  appendBytes(source: Buffer, start: number, end: number): this {
    source.copy(this.bytes, this.reserve(end - start), start, end);
    return this;
  }

  /**
   * Appends a number like `toString(radix)` and `padStart(leastDigits, "0")`.
   * @param value a non-negative integer below 2³¹
   */
  appendNumber(value: number, radix: number, leastDigits = 1): this {
    if (radix === 10 && leastDigits <= 9 && (value >= 1e8 || leastDigits === 9)) {
      return this.appendTimeNumber(value);
    }
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

  /** Times have nine or ten digits, which are written three at a time, with one division each. */
  private appendTimeNumber(value: number): this {
    const billions = (value / 1e9) | 0;
    const belowBillion = value - billions * 1e9;
    const millions = (belowBillion / 1e6) | 0;
    const belowMillion = belowBillion - millions * 1e6;
    const thousands = (belowMillion / 1e3) | 0;
    const digits = billions > 0 ? 10 : 9;
    const end = this.reserve(digits) + digits;
    if (billions > 0) this.bytes[end - 10] = digitOf(billions);
    this.writeThreeDigits(end - 9, millions);
    this.writeThreeDigits(end - 6, thousands);
    this.writeThreeDigits(end - 3, belowMillion - thousands * 1e3);
    return this;
  }

  private writeThreeDigits(offset: number, value: number): void {
    if (threeDigits[3 * value] === 0) fillThreeDigits(value);
    this.bytes[offset] = threeDigits[3 * value] ?? 0;
    this.bytes[offset + 1] = threeDigits[3 * value + 1] ?? 0;
    this.bytes[offset + 2] = threeDigits[3 * value + 2] ?? 0;
  }

  toBytes(): ByteString {
    return bytesFromBuffer(this.bytes, 0, this.#length);
  }

  #tooLong(): BtdtError {
    const start = display(this.toBytes());
    return new BtdtError("PATH_TOO_LONG", `the path is longer than ${PATH_MAX_BYTES - 1} bytes: ${start}…`, {
      path: start,
      hint: "run btdt from a directory closer to it to shorten the path",
    });
  }
}

/** From 000 to 999, concatenated: each is zero until it is needed, because most runs need few. */
const threeDigits = new Uint8Array(3000);

function fillThreeDigits(value: number): void {
  threeDigits[3 * value] = digitOf((value / 100) | 0);
  threeDigits[3 * value + 1] = digitOf(((value / 10) | 0) % 10);
  threeDigits[3 * value + 2] = digitOf(value % 10);
}

/** The character of a digit up to 15. */
function digitOf(digit: number): number {
  return digit < 10 ? ZERO + digit : LETTER_A + digit - 10;
}

compileLightly(digitOf);
compileMethodsLightly(PathBuffer);
