import { type Pointer, ptr } from "bun:ffi";
import { type ByteString, bytesFromBuffer, shown } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { shortLivedMethods } from "../base/short-lived.ts";

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
    if (this.#length + part.length >= PATH_MAX_BYTES) throw this.#tooLong();
    this.#bytes.write(part, this.#length, "latin1");
    this.#length += part.length;
    this.#bytes[this.#length] = 0;
    return this;
  }

  toBytes(): ByteString {
    return bytesFromBuffer(this.#bytes, 0, this.#length);
  }

  #tooLong(): BtdtError {
    const start = shown(this.toBytes());
    return new BtdtError("PATH_TOO_LONG", `the path is longer than ${PATH_MAX_BYTES - 1} bytes: ${start}…`, {
      path: start,
      hint: "start from a directory nearer to it, so that the path gets shorter",
    });
  }
}

shortLivedMethods(PathBuffer);
