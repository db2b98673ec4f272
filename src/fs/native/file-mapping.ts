import { type Pointer, toArrayBuffer } from "bun:ffi";
import { linuxLibc } from "./libc.ts";
import { releaseLease, takeReadLease } from "./read-lease.ts";

// Linux's <sys/mman.h>.
const PROT_READ = 1;
const MAP_SHARED = 1;
const MADV_POPULATE_READ = 22;

/**
 * A part of a file, mapped into memory without a copy.
 *
 * Mapping has one hazard: if the file gets shorter, touching a page beyond its end kills the process (SIGBUS). So a
 * file is mapped only under a read lease, and read if it gets none. The pages are loaded beforehand, so that a disk
 * error is an error and not a signal.
 */
export class FileMapping {
  readonly bytes: Uint8Array;
  readonly #pointer: Pointer;
  readonly #descriptor: number;
  readonly #libc: NonNullable<typeof linuxLibc>;

  private constructor(
    bytes: Uint8Array,
    pointer: Pointer,
    descriptor: number,
    libc: NonNullable<typeof linuxLibc>,
  ) {
    this.bytes = bytes;
    this.#pointer = pointer;
    this.#descriptor = descriptor;
    this.#libc = libc;
  }

  /** Undefined if the file cannot be mapped safely. `startBytes` is a multiple of the page size. */
  static tryOpen(descriptor: number, startBytes: number, lengthBytes: number): FileMapping | undefined {
    if (linuxLibc === undefined || !takeReadLease(descriptor)) return undefined;
    const pointer = linuxLibc.mmap(null, lengthBytes, PROT_READ, MAP_SHARED, descriptor, startBytes);
    // MAP_FAILED is the largest address, and arrives as a BigInt.
    if (typeof pointer === "number") {
      if (linuxLibc.madvise(pointer, lengthBytes, MADV_POPULATE_READ) === 0) {
        const bytes = new Uint8Array(toArrayBuffer(pointer, 0, lengthBytes));
        return new FileMapping(bytes, pointer, descriptor, linuxLibc);
      }
      linuxLibc.munmap(pointer, lengthBytes);
    }
    releaseLease(descriptor);
    return undefined;
  }

  /** `bytes` must not be touched afterwards. */
  close(): void {
    this.#libc.munmap(this.#pointer, this.bytes.length);
    releaseLease(this.#descriptor);
  }
}
