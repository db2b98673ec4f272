import { type Pointer, ptr } from "bun:ffi";
import { type ByteString, bytesFromBuffer, shown } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";

/** The kernel's limit for one path, its closing NUL included. */
const PATH_MAX_BYTES = 4096;

/**
 * One path as a C string in memory that does not move, built and cut back in place, so that a loop over
 * many files of one directory allocates nothing.
 *
 * Every method that lengthens the path throws BtdtError PATH_TOO_LONG rather than name another file.
 */
export class PathBuffer {
  readonly #bytes = Buffer.from(new ArrayBuffer(PATH_MAX_BYTES));
  readonly pointer: Pointer = ptr(this.#bytes);
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
    this.#bytes[length] = 0;
    return this;
  }

  append(part: ByteString): this {
    this.#reserve(part.length);
    this.#bytes.write(part, this.#length, "latin1");
    return this.#advance(part.length);
  }

  /** ASCII only: digits, fixed names. */
  appendText(text: string): this {
    return this.append(text as ByteString);
  }

  appendByte(byte: number): this {
    this.#reserve(1);
    this.#bytes[this.#length] = byte;
    return this.#advance(1);
  }

  appendBytes(source: Uint8Array, start: number, end: number): this {
    this.#reserve(end - start);
    const offset = this.#length - start;
    for (let index = start; index < end; index++) this.#bytes[offset + index] = source[index] ?? 0;
    return this.#advance(end - start);
  }

  /** Two hexadecimal digits a byte. */
  appendHex(source: Uint8Array, start: number, end: number): this {
    this.#reserve(2 * (end - start));
    let at = this.#length;
    for (let index = start; index < end; index++) {
      const byte = source[index] ?? 0;
      this.#bytes[at++] = hexDigit(byte >> 4);
      this.#bytes[at++] = hexDigit(byte & 15);
    }
    return this.#advance(2 * (end - start));
  }

  toBytes(): ByteString {
    return bytesFromBuffer(this.#bytes, 0, this.#length);
  }

  #reserve(byteCount: number): void {
    if (this.#length + byteCount < PATH_MAX_BYTES) return;
    const start = shown(this.toBytes());
    throw new BtdtError("PATH_TOO_LONG", `the path is longer than ${PATH_MAX_BYTES - 1} bytes: ${start}…`, {
      path: start,
      hint: "start from a directory nearer to it, so that the path gets shorter",
    });
  }

  #advance(byteCount: number): this {
    this.#length += byteCount;
    this.#bytes[this.#length] = 0;
    return this;
  }
}

function hexDigit(value: number): number {
  return value < 10 ? 48 + value : 87 + value;
}
