import { type Pointer, ptr } from "bun:ffi";
import { closeSync, constants, fchmodSync, openSync, writeSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import { emptyStatus, fstat } from "./file-status.ts";
import { AT_FDCWD, linuxLibc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";
import type { FileAttributes } from "./place-file.ts";
import { setMtimeBuffer } from "./set-times.ts";

const OPEN_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
const O_CLOEXEC = 0o2000000;
const PERMISSIONS = 0o777;

// Two `struct timespec`: access time, then modification time; both fields are 64 bits wide.
const times = new BigInt64Array(new ArrayBuffer(32));
const timesPointer = ptr(times);
const status = emptyStatus();

/** Memory that many files are written from. */
export class ContentSource {
  readonly bytes: Uint8Array;
  readonly #pointer: Pointer;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#pointer = ptr(bytes);
  }

  pointerAt(offset: number): Pointer {
    return (this.#pointer + offset) as Pointer;
  }
}

/**
 * Makes new files with exact attributes in as few system calls as can be. One for each directory: whether the mode
 * that a file is made with lasts (the umask, a default ACL) is found out with its first file.
 */
export class NewFileWriter {
  readonly #umask: number;
  #modesLast = false;
  #isProbed = false;

  constructor(umask: number) {
    this.#umask = umask;
  }

  /** The next files go to another directory. */
  enterDirectory(): void {
    this.#isProbed = false;
  }

  /**
   * The file must not exist: writing into an existing one would write through a link.
   * @throws a `node:fs` error; what is left behind is the caller's to remove
   */
  write(path: PathBuffer, source: ContentSource, offset: number, attributes: FileAttributes): void {
    const { mode, sizeBytes } = attributes;
    const descriptor = this.#open(path, mode & PERMISSIONS);
    try {
      const written = Number(linuxLibc?.write(descriptor, source.pointerAt(offset), sizeBytes) ?? 0);
      // Goes on where the quick way ended or failed, for an error with its code.
      for (let done = Math.max(0, written); done < sizeBytes; ) {
        done += writeSync(descriptor, source.bytes, offset + done, sizeBytes - done);
      }
      if ((mode & (this.#umask | ~PERMISSIONS)) !== 0 || !this.#keepsModes(descriptor, mode)) {
        fchmodSync(descriptor, mode);
      }
      times[0] = times[2] = BigInt(attributes.mtimeSeconds);
      times[1] = times[3] = BigInt(attributes.mtimeNanoseconds);
      if (linuxLibc?.futimens(descriptor, timesPointer) !== 0) {
        setMtimeBuffer(path, attributes.mtimeSeconds, attributes.mtimeNanoseconds);
      }
    } finally {
      this.#close(descriptor);
    }
  }

  #open(path: PathBuffer, mode: number): number {
    const descriptor = linuxLibc?.openat(AT_FDCWD, path.pointer, OPEN_NEW | O_CLOEXEC, mode) ?? -1;
    return descriptor >= 0 ? descriptor : openSync(fsPath(path.toBytes()), OPEN_NEW, mode);
  }

  #close(descriptor: number): void {
    if (linuxLibc === undefined) closeSync(descriptor);
    else linuxLibc.close(descriptor);
  }

  #keepsModes(descriptor: number, mode: number): boolean {
    if (!this.#isProbed) {
      fstat(descriptor, status);
      this.#modesLast = status.mode === mode;
      this.#isProbed = true;
    }
    return this.#modesLast;
  }
}
