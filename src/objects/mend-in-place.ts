import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";
import { type FileAttributes, trySetOpenAttributes } from "../fs/file-attributes.ts";
import { constants } from "../fs/file-constants.ts";
import { emptyStatus, fstat, isSameFile, lstatBuffer } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { closeQuickly, openQuickly } from "../fs/native/quick-file.ts";
import { holdsReadLease, takeReadLease } from "../fs/native/read-lease.ts";
import { touchOpen } from "../fs/native/set-times.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { hasContent } from "../read/has-content.ts";
import type { JobContext } from "../work/job.ts";
import { lendReadAccess } from "./lend-read-access.ts";
import { isWhole, objectAttributes } from "./object-attributes.ts";

// O_NONBLOCK: if a pipe is in an object's place, open must not wait for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const before = emptyStatus();
const after = emptyStatus();
const attributes: FileAttributes = { mode: 0, sizeBytes: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };

/** `whole`: it is now; `edited`: its bytes differ; `altered`: it still is, and a copy is needed. */
type MendOutcome = "whole" | "edited" | "altered";

/**
 * Puts the mode and time of an altered object back if its bytes are right, nothing else links to it, and this user
 * may. The right time says that the bytes are right, so nobody may write between hashing and setting it: it is set
 * under a read lease.
 * @throws BtdtError CANCELLED
 */
export function mendInPlace(
  object: PathBuffer,
  manifest: Manifest,
  file: number,
  context: JobContext,
): MendOutcome {
  objectAttributes(manifest, file, attributes);
  const outcome = mendReadable(object, manifest, file, context);
  if (outcome !== "unreadable") return outcome;
  const again = lendReadAccess(object, attributes.mode, () => mendReadable(object, manifest, file, context));
  return again === "unreadable" ? "altered" : again;
}

function mendReadable(
  object: PathBuffer,
  manifest: Manifest,
  file: number,
  context: JobContext,
): MendOutcome | "unreadable" {
  let descriptor: number | undefined;
  try {
    descriptor = openQuickly(object, FLAGS);
    return mendOpen(descriptor, object, manifest, file, context);
  } catch (error) {
    if (descriptor === undefined && errnoOf(error) === "EACCES") return "unreadable";
    if (errnoOf(error) !== undefined) return "altered";
    if (isBtdtError(error, "SOURCE_CHANGED") || isBtdtError(error, "SOURCE_UNREADABLE")) return "altered";
    throw error;
  } finally {
    if (descriptor !== undefined) closeQuickly(descriptor);
  }
}

function mendOpen(
  descriptor: number,
  object: PathBuffer,
  manifest: Manifest,
  file: number,
  context: JobContext,
): MendOutcome {
  fstat(descriptor, before);
  if (before.kind !== "file" || before.sizeBytes !== attributes.sizeBytes || before.linkCount !== 1) {
    return "altered";
  }
  if (!takeReadLease(descriptor)) return "altered";
  const isEqual = hasContent(object, before, manifest.fileDigests, file * DIGEST_SIZE_BYTES, context);
  // What was hashed may be another file of this name.
  if (!lstatBuffer(object, after) || !isSameFile(before, after)) return "altered";
  if (!isEqual) return "edited";
  // Another restore may have mended it in the meantime, and a tree that links to it keeps what its user has set since.
  if (after.linkCount !== 1) return "altered";
  // Asked beforehand, too: a process killed in between must not leave the right time on what someone waits to write to.
  if (!holdsReadLease(descriptor)) return "altered";
  if (!trySetOpenAttributes(descriptor, attributes)) return "altered";
  if (!holdsReadLease(descriptor)) {
    touchOpen(descriptor);
    return "altered";
  }
  return lstatBuffer(object, after) && isWhole(after, manifest, file, object) ? "whole" : "altered";
}

compileLightly(mendInPlace, mendReadable, mendOpen);
