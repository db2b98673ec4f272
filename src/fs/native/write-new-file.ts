import { compileLightly, compileMethodsLightly } from "../../base/compile-lightly.ts";
import type { FileAttributes } from "../file-attributes.ts";
import { extendTo, FEWEST_SPARSE_BYTES, hasHoles, writeAroundZeros } from "../holes.ts";
import { nodeFs } from "../node-fs.ts";
import { closeWritten } from "./close-written.ts";
import { emptyStatus, fstat } from "./file-status.ts";
import type { PathBuffer } from "./path-buffer.ts";
import type { PinnedBuffer } from "./pinned-buffer.ts";
import { OPEN_NEW, openQuickly, writeQuickly } from "./quick-file.ts";
import { setMtimeBuffer, trySetOpenMtime } from "./set-times.ts";

const PERMISSIONS = 0o777;

const status = emptyStatus();

/**
 * Creates files with exact attributes in as few system calls as possible. The first file in a directory shows whether
 * the mode that a file is created with is kept (umask, default ACL).
 */
export class NewFileWriter {
  readonly #umask: number;
  /** By directory, once it is known. */
  readonly #keptModes = new Map<number, boolean>();
  #directory = 0;

  constructor(umask: number) {
    this.#umask = umask;
  }

  /** Continues in another directory, perhaps not for the first time. @param directory any number that stands for it */
  enterDirectory(directory: number): void {
    this.#directory = directory;
  }

  /**
   * The file must not exist: writing into an existing one would write through a link.
   * @throws a `node:fs` error; the caller removes what is left
   */
  write(path: PathBuffer, source: PinnedBuffer, offset: number, attributes: FileAttributes): void {
    const { mode, sizeBytes } = attributes;
    const descriptor = openQuickly(path, OPEN_NEW, mode & PERMISSIONS);
    try {
      writeContent(descriptor, source, offset, sizeBytes);
      if ((mode & (this.#umask | ~PERMISSIONS)) !== 0 || !this.keepsModes(descriptor, mode)) {
        nodeFs().fchmodSync(descriptor, mode);
      }
      const { mtimeSeconds, mtimeNanoseconds } = attributes;
      if (!trySetOpenMtime(descriptor, mtimeSeconds, mtimeNanoseconds)) {
        setMtimeBuffer(path, mtimeSeconds, mtimeNanoseconds);
      }
    } finally {
      closeWritten(descriptor);
    }
  }

  private keepsModes(descriptor: number, mode: number): boolean {
    let isKept = this.#keptModes.get(this.#directory);
    if (isKept === undefined) {
      fstat(descriptor, status);
      isKept = status.mode === mode;
      this.#keptModes.set(this.#directory, isKept);
    }
    return isKept;
  }
}

function writeContent(descriptor: number, source: PinnedBuffer, offset: number, sizeBytes: number): void {
  if (sizeBytes >= FEWEST_SPARSE_BYTES) {
    const content = source.bytes.subarray(offset, offset + sizeBytes);
    if (hasHoles(content)) {
      if (writeAroundZeros(descriptor, content, 0)) extendTo(descriptor, sizeBytes);
      return;
    }
  }
  writeQuickly(descriptor, source, offset, sizeBytes);
}

compileLightly(writeContent);
compileMethodsLightly(NewFileWriter);
