import { ptr } from "bun:ffi";
import { fchmodSync } from "node:fs";
import { compileMethodsLightly } from "../../base/compile-lightly.ts";
import type { FileAttributes } from "../file-attributes.ts";
import { closeWritten } from "./close-written.ts";
import { emptyStatus, fstat } from "./file-status.ts";
import { linuxLibc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";
import type { PinnedBuffer } from "./pinned-buffer.ts";
import { OPEN_NEW, openQuickly, writeQuickly } from "./quick-file.ts";
import { setMtimeBuffer } from "./set-times.ts";

const PERMISSIONS = 0o777;

// Two `struct timespec`: access time, then modification time; both fields are 64 bits wide.
// Written as halves: a BigInt for each file would be garbage.
const times = new Uint32Array(new ArrayBuffer(32));
const TWO_TO_32 = 0x1_0000_0000;
const timesPointer = ptr(times);
const status = emptyStatus();

/**
 * Creates files with exact attributes in as few system calls as possible. One instance per directory: the first file
 * shows whether the mode that a file is created with is kept (umask, default ACL).
 */
export class NewFileWriter {
  readonly #umask: number;
  #modesLast = false;
  #isProbed = false;

  constructor(umask: number) {
    this.#umask = umask;
  }

  /** Continues in another directory. */
  enterDirectory(): void {
    this.#isProbed = false;
  }

  /**
   * The file must not exist: writing into an existing one would write through a link.
   * @throws a `node:fs` error; the caller removes what is left
   */
  write(path: PathBuffer, source: PinnedBuffer, offset: number, attributes: FileAttributes): void {
    const { mode, sizeBytes } = attributes;
    const descriptor = openQuickly(path, OPEN_NEW, mode & PERMISSIONS);
    try {
      writeQuickly(descriptor, source, offset, sizeBytes);
      if ((mode & (this.#umask | ~PERMISSIONS)) !== 0 || !this.keepsModes(descriptor, mode)) {
        fchmodSync(descriptor, mode);
      }
      times[0] = times[4] = attributes.mtimeSeconds;
      times[1] = times[5] = Math.floor(attributes.mtimeSeconds / TWO_TO_32);
      times[2] = times[6] = attributes.mtimeNanoseconds;
      if (linuxLibc?.futimens(descriptor, timesPointer) !== 0) {
        setMtimeBuffer(path, attributes.mtimeSeconds, attributes.mtimeNanoseconds);
      }
    } finally {
      closeWritten(descriptor);
    }
  }

  private keepsModes(descriptor: number, mode: number): boolean {
    if (!this.#isProbed) {
      fstat(descriptor, status);
      this.#modesLast = status.mode === mode;
      this.#isProbed = true;
    }
    return this.#modesLast;
  }
}

compileMethodsLightly(NewFileWriter);
