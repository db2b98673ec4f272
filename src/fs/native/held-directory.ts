import { compileMethodsLightly } from "../../base/compile-lightly.ts";
import { constants, O_PATH } from "../file-constants.ts";
import type { PathBuffer } from "./path-buffer.ts";
import { closeQuickly, tryOpen } from "./quick-file.ts";

/** From this many names on, it pays to open their directory. */
const WORTHWHILE_NAMES = 4;

/**
 * Keeps a directory open while a loop visits the files in it, so that the kernel need not look up the whole path of
 * each. Nothing else changes: what fails is repeated with the whole path. To be closed.
 */
export class HeldDirectory {
  private readonly path: PathBuffer;
  private descriptor = -1;

  constructor(path: PathBuffer) {
    this.path = path;
  }

  /**
   * Holds the directory that the path names now, instead of the one before. A slash and names that are appended to the
   * path are looked up from there, until the path is set again. Without effect for a few names, if it cannot be opened,
   * and on other systems than Linux.
   */
  hold(nameCount: number): void {
    this.close();
    if (nameCount < WORTHWHILE_NAMES) return;
    this.descriptor = tryOpen(this.path, O_PATH | constants.O_DIRECTORY);
    if (this.descriptor >= 0) this.path.hold(this.descriptor);
  }

  /** It can hold another one later. */
  close(): void {
    if (this.descriptor < 0) return;
    this.path.letGo();
    closeQuickly(this.descriptor);
    this.descriptor = -1;
  }
}

compileMethodsLightly(HeldDirectory);
