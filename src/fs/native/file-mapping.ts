import { type Pointer, toArrayBuffer } from "bun:ffi";
import { linuxLibc } from "./libc.ts";
import { isOnLocalFileSystem } from "./local-file-system.ts";

// Linux's <fcntl.h> and <sys/mman.h>.
const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;
const SIGURG = 23;
const PROT_READ = 1;
const MAP_SHARED = 1;
const MADV_POPULATE_READ = 22;

/**
 * A part of a file, mapped into memory without a copy.
 *
 * Mapping has one hazard: if the file gets shorter, touching a page beyond its end kills the process (SIGBUS). So a
 * file is mapped only under a read lease (`fcntl(2)`, F_SETLEASE): the kernel grants it only if nobody has the file
 * open for writing, and then makes anyone who wants to write or truncate it wait until the lease is released. Other
 * users' files and files that are being written get no lease, and are read instead. So are files on file systems that
 * are not known to be local: some (FUSE) grant the lease although files can change behind the kernel. The pages are
 * loaded beforehand, so that a disk error is an error and not a signal.
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
    if (linuxLibc === undefined || !isOnLocalFileSystem(descriptor)) return undefined;
    // The kernel announces a broken lease by a signal. The default, SIGIO, would end the process; this one is
    // ignored.
    if (linuxLibc.fcntl(descriptor, F_SETSIG, SIGURG) !== 0) return undefined;
    if (linuxLibc.fcntl(descriptor, F_SETLEASE, F_RDLCK) !== 0) return undefined;
    const pointer = linuxLibc.mmap(null, lengthBytes, PROT_READ, MAP_SHARED, descriptor, startBytes);
    // MAP_FAILED is the largest address, and arrives as a BigInt.
    if (typeof pointer === "number") {
      if (linuxLibc.madvise(pointer, lengthBytes, MADV_POPULATE_READ) === 0) {
        const bytes = new Uint8Array(toArrayBuffer(pointer, 0, lengthBytes));
        return new FileMapping(bytes, pointer, descriptor, linuxLibc);
      }
      linuxLibc.munmap(pointer, lengthBytes);
    }
    linuxLibc.fcntl(descriptor, F_SETLEASE, F_UNLCK);
    return undefined;
  }

  /** `bytes` must not be touched afterwards. */
  close(): void {
    this.#libc.munmap(this.#pointer, this.bytes.length);
    this.#libc.fcntl(this.#descriptor, F_SETLEASE, F_UNLCK);
  }
}
