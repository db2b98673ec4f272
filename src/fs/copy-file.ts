import { closeSync, constants, openSync, unlinkSync } from "node:fs";
import { display, fsPath } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { copyBytes } from "./copy-bytes.ts";
import { type FileAttributes, setAttributes } from "./file-attributes.ts";
import { closeWritten } from "./native/close-written.ts";
import { emptyStatus, lstatBuffer } from "./native/file-status.ts";
import type { PathBuffer } from "./native/path-buffer.ts";
import { openRegularFile } from "./regular-file.ts";
import { ignoringErrno } from "./remove-tree.ts";

const status = emptyStatus();

/**
 * Copies a file with exact attributes. The target must not exist: writing into an existing file would write through a
 * link.
 * @throws BtdtError SYSTEM, a `node:fs` error; nothing is left behind
 */
export function copyFile(source: PathBuffer, target: PathBuffer, attributes: FileAttributes): void {
  const targetPath = fsPath(target.toBytes());
  const from = openRegularFile(source.toBytes(), constants.O_RDONLY);
  try {
    // Outside the inner `try`: an existing target is not ours to remove.
    const to = openSync(targetPath, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      try {
        copyBytes(from, to, attributes.sizeBytes);
      } finally {
        closeWritten(to);
      }
      setAttributes(target, attributes);
      if (!lstatBuffer(target, status) || status.sizeBytes !== attributes.sizeBytes) {
        throw new BtdtError("SYSTEM", `${display(target.toBytes())} was not copied completely`, {
          path: display(target.toBytes()),
        });
      }
    } catch (error) {
      // The first error matters more than a failure of this.
      ignoringErrno(() => unlinkSync(targetPath));
      throw error;
    }
  } finally {
    closeSync(from);
  }
}
