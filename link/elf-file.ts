import { BuildError } from "./build-error.ts";

/** The bytes of an ELF file, and its name in errors. */
export type NamedBytes = { readonly path: string; readonly bytes: Uint8Array };

/**
 * Bounds-checked little-endian access to an ELF file. Offsets come from the file itself and may be wrong: reading
 * outside the file is a `malformed-elf` error, never a RangeError.
 */
export class ElfFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(input: NamedBytes) {
    this.path = input.path;
    this.bytes = input.bytes;
    this.#view = new DataView(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength);
  }

  malformed(expectation: string): BuildError {
    return new BuildError(
      "malformed-elf",
      this.path,
      `expected ${expectation}`,
      "is the file complete and unchanged?",
    );
  }

  require(condition: boolean, expectation: string): asserts condition {
    if (!condition) throw this.malformed(expectation);
  }

  /** Checks that the range lies in the file. */
  requireRange(offset: number, sizeBytes: number, what: string): void {
    this.require(
      offset >= 0 && sizeBytes >= 0 && offset + sizeBytes <= this.bytes.length,
      `${what} to lie inside the file`,
    );
  }

  byte(offset: number, what: string): number {
    this.requireRange(offset, 1, what);
    return this.#view.getUint8(offset);
  }

  half(offset: number, what: string): number {
    this.requireRange(offset, 2, what);
    return this.#view.getUint16(offset, true);
  }

  word(offset: number, what: string): number {
    this.requireRange(offset, 4, what);
    return this.#view.getUint32(offset, true);
  }

  /** Addresses, offsets and sizes. Valid ones do not exceed 2^48, so a number holds them exactly. */
  long(offset: number, what: string): number {
    this.requireRange(offset, 8, what);
    const value = this.#view.getBigUint64(offset, true);
    this.require(value < 0x1_0000_0000_0000n, `${what} to be below 2^48`);
    return Number(value);
  }

  /** A NUL-terminated ASCII string that ends before `end`. */
  text(offset: number, end: number, what: string): string {
    this.require(offset >= 0 && offset < end, `${what} to lie inside its table`);
    this.requireRange(offset, end - offset, what);
    const terminator = this.bytes.subarray(offset, end).indexOf(0);
    this.require(terminator >= 0, `${what} to be terminated inside its table`);
    return Buffer.from(this.bytes.subarray(offset, offset + terminator)).toString("latin1");
  }
}
