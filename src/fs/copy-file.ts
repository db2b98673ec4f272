import { display } from "../base/byte-string.ts";
import type { Cancellation } from "../base/cancellation.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { BtdtError } from "../base/errors.ts";
import { copyBytes } from "./copy-bytes.ts";
import { ignoringErrno } from "./errno.ts";
import { type FileAttributes, setAttributes, trySetOpenAttributes } from "./file-attributes.ts";
import { closeWritten } from "./native/close-written.ts";
import { emptyStatus } from "./native/file-status.ts";
import type { PathBuffer } from "./native/path-buffer.ts";
import { unlink } from "./native/path-calls.ts";
import { closeQuickly, OPEN_NEW, openQuickly } from "./native/quick-file.ts";
import { openToRead } from "./regular-file.ts";

const PRIVATE = 0o600;

const status = emptyStatus();

/**
 * Copies a file with exact attributes. The target must not exist: writing into an existing file would write through a
 * link.
 * @throws BtdtError CANCELLED, SYSTEM, a `node:fs` error; nothing is left behind
 */
export function copyFile(
  source: PathBuffer,
  target: PathBuffer,
  attributes: FileAttributes,
  cancellation: Cancellation,
): void {
  const from = openToRead(source, status);
  try {
    // Outside the inner `try`: an existing target is not ours to remove.
    const to = openQuickly(target, OPEN_NEW, PRIVATE);
    try {
      fill(to, from, target, attributes, cancellation);
    } catch (error) {
      // The first error matters more than a failure of this.
      ignoringErrno(() => unlink(target.toBytes()));
      throw error;
    }
  } finally {
    closeQuickly(from);
  }
}

/** Closes the target. */
function fill(
  to: number,
  from: number,
  target: PathBuffer,
  attributes: FileAttributes,
  cancellation: Cancellation,
): void {
  let isComplete = false;
  let isFinished = false;
  try {
    isComplete = copyBytes(from, to, status, cancellation) === attributes.sizeBytes;
    isFinished = trySetOpenAttributes(to, attributes);
  } finally {
    closeWritten(to);
  }
  if (!isComplete) {
    const path = display(target.toBytes());
    throw new BtdtError("SYSTEM", `${path} was not copied completely`, { path });
  }
  if (!isFinished) setAttributes(target, attributes);
}

compileLightly(copyFile, fill);
