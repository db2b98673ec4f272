import { chmodSync, constants, openSync } from "node:fs";
import { platform } from "node:os";
import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";
import { type FileAttributes, trySetOpenAttributes } from "../fs/file-attributes.ts";
import { emptyStatus, fstat, isSameFile, lstatBuffer } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { closeQuickly, openQuickly } from "../fs/native/quick-file.ts";
import { holdsReadLease, takeReadLease } from "../fs/native/read-lease.ts";
import { touchOpen } from "../fs/native/set-times.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { hasContent } from "../read/has-content.ts";
import type { JobContext } from "../work/job.ts";
import { isWhole, objectAttributes } from "./object-attributes.ts";

// O_NONBLOCK: if a pipe is in an object's place, open must not wait for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

// Linux's <fcntl.h>: for a file that is not opened, so that no permission is needed.
const O_PATH = 0o10000000;

const before = emptyStatus();
const after = emptyStatus();
const attributes: FileAttributes = { mode: 0, sizeBytes: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };

/**
 * Puts the mode and time of an altered object back if its bytes are right, nothing else links to it, and this user
 * may. The right time says that the bytes are right, so nobody may write between hashing and setting it: it is set
 * under a read lease.
 * @returns `whole`: it is now; `edited`: its bytes differ; `altered`: it still is, and a copy is needed
 * @throws BtdtError CANCELLED
 */
export function mendInPlace(
  object: PathBuffer,
  manifest: Manifest,
  file: number,
  context: JobContext,
): "whole" | "edited" | "altered" {
  let descriptor: number | undefined;
  try {
    descriptor = openObject(object);
    if (descriptor === undefined) return "altered";
    fstat(descriptor, before);
    objectAttributes(manifest, file, attributes);
    if (before.kind !== "file" || before.sizeBytes !== attributes.sizeBytes || before.linkCount !== 1) {
      return "altered";
    }
    if (!takeReadLease(descriptor)) return "altered";
    const isEqual = hasContent(object, before, manifest.fileDigests, file * DIGEST_SIZE_BYTES, context);
    // What was hashed may be another file of this name.
    if (!lstatBuffer(object, after) || !isSameFile(before, after)) return "altered";
    if (!isEqual) return "edited";
    if (!trySetOpenAttributes(descriptor, attributes)) return "altered";
    if (!holdsReadLease(descriptor)) {
      touchOpen(descriptor);
      return "altered";
    }
    return lstatBuffer(object, after) && isWhole(after, manifest, file, object) ? "whole" : "altered";
  } catch (error) {
    if (errnoOf(error) !== undefined) return "altered";
    if (isBtdtError(error, "SOURCE_CHANGED") || isBtdtError(error, "SOURCE_UNREADABLE")) return "altered";
    throw error;
  } finally {
    if (descriptor !== undefined) closeQuickly(descriptor);
  }
}

/**
 * Opens an object for reading, even if its mode refuses that to its owner. Its path is looked up only once, so that no
 * other file gets another mode.
 * @returns undefined if a tree links to it: that one keeps its mode
 * @throws a `node:fs` error
 */
function openObject(object: PathBuffer): number | undefined {
  try {
    return openQuickly(object, FLAGS);
  } catch (error) {
    if (errnoOf(error) !== "EACCES" || platform() !== "linux") throw error;
  }
  const handle = openQuickly(object, O_PATH | constants.O_NOFOLLOW);
  try {
    fstat(handle, before);
    if (before.kind !== "file" || before.linkCount !== 1) return undefined;
    const path = `/proc/self/fd/${handle}`;
    chmodSync(path, before.mode | 0o400);
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } finally {
    closeQuickly(handle);
  }
}

compileLightly(mendInPlace);
