import type { ByteString } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_HEX_DIGITS, DIGEST_SIZE_BYTES, hexOf } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import { emptyStatus, type FileStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { hasContent } from "../read/has-content.ts";
import { hashSmallFile } from "../read/hash-small-file.ts";
import { divideRest } from "../work/divide-rest.ts";
import type { Job, JobContext } from "../work/job.ts";
import { createStopCheck } from "../work/stop-check.ts";
import { objectPath } from "./object-path.ts";

export interface CheckObjectsInput {
  readonly objects: ByteString;
  readonly names: readonly string[];
}

export interface CheckedObjects {
  /** Names of objects whose bytes do not match the digest in the name. */
  readonly damaged: readonly string[];
  /** Names of objects that could not be read. */
  readonly unreadable: readonly string[];
  /** Names of those that are gone. */
  readonly missing: readonly string[];
  readonly checkedBytes: number;
  /** How many of the names are done; another job checks the rest. */
  readonly doneCount: number;
}

/** What a job has left. */
export function restOfNames(
  { names }: Pick<CheckObjectsInput, "names">,
  { doneCount }: CheckedObjects,
): Pick<CheckObjectsInput, "names">[] {
  return divideRest(names, doneCount).map((rest) => ({ names: rest }));
}

const path = new PathBuffer();
const status = emptyStatus();
const digest = new Uint8Array(DIGEST_SIZE_BYTES);

/** Hashes objects. A missing one is neither damaged nor unreadable. @throws BtdtError CANCELLED; a `node:fs` error */
export const checkObjectsJob: Job<CheckObjectsInput, CheckedObjects> = {
  name: "check-objects",
  run({ objects, names }, context) {
    const damaged: string[] = [];
    const unreadable: string[] = [];
    const missing: string[] = [];
    let checkedBytes = 0;
    let doneCount = 0;
    const hasEnough = createStopCheck(context, "stopped before all objects were checked");
    for (const name of names) {
      if (hasEnough() && doneCount > 0) break;
      doneCount += 1;
      switch (checkObject(path.set(objectPath(objects, name)), name, context, status)) {
        case "damaged":
          damaged.push(name);
          break;
        case "unreadable":
          unreadable.push(name);
          break;
        case "missing":
          missing.push(name);
          continue;
        case "whole":
          break;
      }
      checkedBytes += status.sizeBytes;
    }
    return { damaged, unreadable, missing, checkedBytes, doneCount };
  },
  workOf: (_input, { doneCount, checkedBytes }) => ({ files: doneCount, bytes: checkedBytes }),
};

export type ObjectCondition = "whole" | "damaged" | "missing" | "unreadable";

/** A file that is replaced again and again while it is read is not waited for. */
const MOST_ATTEMPTS = 5;

/**
 * Whether the bytes of a file match the digest in an object's name. Other attributes are not checked.
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export function checkObject(
  file: PathBuffer,
  name: string,
  context: JobContext,
  into: FileStatus = status,
): ObjectCondition {
  return attemptToCheck(file, into, () => {
    const outcome = compareSmallFile(file, name, into);
    if (outcome !== "large") return outcome;
    const expected = Buffer.from(name.slice(0, DIGEST_HEX_DIGITS), "hex");
    return hasContent(file, into, expected, 0, context) ? "whole" : "damaged";
  });
}

/**
 * The same for a file of at most one chunk; a larger one is only examined.
 * @param into filled with what the file was when it was read, unless it is missing or unreadable
 * @throws a `node:fs` error
 */
export function checkSmallObject(
  file: PathBuffer,
  name: string,
  into: FileStatus,
): ObjectCondition | "large" {
  return attemptToCheck(file, into, () => compareSmallFile(file, name, into));
}

/** Checks again if the file was edited, replaced or removed while it was read. */
function attemptToCheck<Outcome>(
  file: PathBuffer,
  into: FileStatus,
  check: () => Outcome,
): Outcome | "damaged" | "missing" | "unreadable" {
  for (let attempt = 1; ; attempt++) {
    try {
      return check();
    } catch (error) {
      if (isBtdtError(error, "SOURCE_UNREADABLE")) return "unreadable";
      if (!isBtdtError(error, "SOURCE_CHANGED")) throw error;
      if (!lstatBuffer(file, into)) return "missing";
      if (attempt === MOST_ATTEMPTS || into.kind !== "file") return "damaged";
    }
  }
}

/** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE */
function compareSmallFile(file: PathBuffer, name: string, into: FileStatus): "whole" | "damaged" | "large" {
  // Bytes that match cannot have been edited halfway.
  const outcome = hashSmallFile(file, into, digest, 0, false);
  if (outcome === "hashed" && name.startsWith(hexOf(digest))) return "whole";
  switch (outcome === "hashed" ? hashSmallFile(file, into, digest, 0) : outcome) {
    case "hashed":
      return name.startsWith(hexOf(digest)) ? "whole" : "damaged";
    case "not-a-file":
      return "damaged";
    case "large":
      return "large";
  }
}

compileLightly(checkObject, checkSmallObject, attemptToCheck, compareSmallFile);
