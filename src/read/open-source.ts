import { display } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, isResourceErrno, reasonOf } from "../fs/errno.ts";
import { constants } from "../fs/file-constants.ts";
import { emptyStatus, fstat } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { openQuickly } from "../fs/native/quick-file.ts";

// O_NONBLOCK: if a pipe has taken the file's place, open must not wait for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What a file was when it was found; if it differs while it is read, that is an error. */
export interface ExpectedFile {
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
}

const status = emptyStatus();

/** Opens a file found by a walk. @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE */
export function openSource(path: PathBuffer): number {
  try {
    return openQuickly(path, FLAGS);
  } catch (error) {
    const errno = errnoOf(error);
    throw errno === "ENOENT" || errno === "ELOOP" || errno === "ENOTDIR" || errno === "ENXIO"
      ? changedWhileRead(path)
      : unreadable(path, error);
  }
}

/** @throws BtdtError SOURCE_CHANGED */
export function assertUnchanged(descriptor: number, expected: ExpectedFile, path: PathBuffer): void {
  fstat(descriptor, status);
  if (
    status.kind !== "file" ||
    status.sizeBytes !== expected.sizeBytes ||
    status.mtimeSeconds !== expected.mtimeSeconds ||
    status.mtimeNanoseconds !== expected.mtimeNanoseconds
  ) {
    throw changedWhileRead(path);
  }
}

export function changedWhileRead(path: PathBuffer): BtdtError {
  const name = display(path.toBytes());
  return new BtdtError("SOURCE_CHANGED", `${name} changed while it was being read`, {
    path: name,
    hint: "wait until nothing writes to the directory",
  });
}

/** A lack of resources says nothing about the file: others would fail as well. */
export function unreadable(path: PathBuffer, error: unknown): BtdtError {
  const name = display(path.toBytes());
  const code = isResourceErrno(errnoOf(error)) ? "SYSTEM" : "SOURCE_UNREADABLE";
  return new BtdtError(code, `cannot read ${name}: ${reasonOf(error)}`, {
    path: name,
    cause: error,
  });
}

compileLightly(openSource);
