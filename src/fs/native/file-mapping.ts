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
 * A part of a file in memory without a copy.
 *
 * The hazard of a mapping is a file that gets shorter under it: touching a page behind its end kills the
 * process (SIGBUS). So the file is mapped only under a read lease (`fcntl(2)`, F_SETLEASE): the kernel grants
 * it only when nobody has the file open for writing, and then makes whoever wants to write or truncate it
 * wait until the lease is given back. Other users' files and files being written get no lease, and so are read
 * instead. So are files on any file system that is not known to be local: some (FUSE) grant the lease although files
 * can change behind the kernel. The pages are brought in beforehand, so that a disk error is an answer too, not a
 * signal.
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

  /** Undefined where this file cannot be mapped safely. `startBytes` is a multiple of the page size. */
  static tryOpen(descriptor: number, startBytes: number, lengthBytes: number): FileMapping | undefined {
    if (linuxLibc === undefined || !isOnLocalFileSystem(descriptor)) return undefined;
    // A broken lease is announced by a signal. The default one, SIGIO, would end the process; this one is ignored.
    if (linuxLibc.fcntl(descriptor, F_SETSIG, SIGURG) !== 0) return undefined;
    if (linuxLibc.fcntl(descriptor, F_SETLEASE, F_RDLCK) !== 0) return undefined;
    const pointer = linuxLibc.mmap(null, lengthBytes, PROT_READ, MAP_SHARED, descriptor, startBytes);
    // MAP_FAILED is the largest address there is, and arrives as a BigInt.
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
