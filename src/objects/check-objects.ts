import type { ByteString } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_HEX_DIGITS, DIGEST_SIZE_BYTES, hexOf } from "../base/digest.ts";
import { BtdtError, isBtdtError } from "../base/errors.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { hasContent } from "../read/has-content.ts";
import { hashSmallFile } from "../read/hash-small-file.ts";
import type { Job, JobContext } from "../work/job.ts";
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
    for (const name of names) {
      if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all objects were checked");
      switch (checkObject(path.set(objectPath(objects, name)), name, context)) {
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
    return { damaged, unreadable, missing, checkedBytes };
  },
  workOf: ({ names }, { checkedBytes }) => ({ files: names.length, bytes: checkedBytes }),
};

export type ObjectCondition = "whole" | "damaged" | "missing" | "unreadable";

/**
 * Whether the bytes of a file match the digest in an object's name. Other attributes are not checked.
 * @throws a `node:fs` error
 */
export function checkObject(file: PathBuffer, name: string, context: JobContext): ObjectCondition {
  const digestHex = name.slice(0, DIGEST_HEX_DIGITS);
  try {
    const outcome = hashSmallFile(file, status, digest, 0);
    if (outcome === "hashed") return hexOf(digest) === digestHex ? "whole" : "damaged";
    if (outcome === "not-a-file") return "damaged";
    return hasContent(file, status, Buffer.from(digestHex, "hex"), 0, context) ? "whole" : "damaged";
  } catch (error) {
    if (isBtdtError(error, "SOURCE_UNREADABLE")) return "unreadable";
    // It was replaced or edited while it was read; the next check will tell what it is now.
    if (isBtdtError(error, "SOURCE_CHANGED")) return lstatBuffer(file, status) ? "damaged" : "missing";
    throw error;
  }
}

compileLightly(checkObject);
