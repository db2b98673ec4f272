import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { display, fsPath } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf } from "./errno.ts";
import { type FileAttributes, setAttributes } from "./file-attributes.ts";
import { closeWritten } from "./native/close-written.ts";
import { copyRange } from "./native/copy-range.ts";
import { emptyStatus, lstatBuffer } from "./native/file-status.ts";
import type { PathBuffer } from "./native/path-buffer.ts";
import { openRegularFile } from "./regular-file.ts";

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
        copyContent(from, to, attributes.sizeBytes);
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
      removeQuietly(targetPath);
      throw error;
    }
  } finally {
    closeSync(from);
  }
}

const COPY_BUFFER_BYTES = 256 * 1024;
let copyBuffer: Uint8Array | undefined;

/**
 * Only appends, so that the size grows with the data. `copyFileSync` ends with `ftruncate`, after which ext4 may put
 * the size on disk before the data: after a power cut, the file would have the right size and contain zeros.
 */
function copyContent(from: number, to: number, sizeBytes: number): void {
  if (sizeBytes > COPY_BUFFER_BYTES) copyRange(from, to);
  // Continues where that ended. A small file takes one iteration.
  copyBuffer ??= new Uint8Array(COPY_BUFFER_BYTES);
  for (;;) {
    const length = readSync(from, copyBuffer, 0, COPY_BUFFER_BYTES, null);
    if (length === 0) return;
    for (let written = 0; written < length; ) {
      written += writeSync(to, copyBuffer, written, length - written);
    }
  }
}

/** While another error is about to be reported, which matters more than this one. */
function removeQuietly(path: string | Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
