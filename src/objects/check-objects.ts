import type { ByteString } from "../base/byte-string.ts";
import { BtdtError, isBtdtError } from "../base/errors.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { hasContent } from "../read/has-content.ts";
import type { Job, JobContext } from "../work/job.ts";
import { parseObjectName } from "./object-name.ts";
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
  const digestHex = parseObjectName(name)?.digestHex;
  if (digestHex === undefined) throw new RangeError(`${name} is not the name of an object`);
  if (!lstatBuffer(file, status)) return "missing";
  if (status.kind !== "file") return "damaged";
  try {
    return hasContent(file, status, Buffer.from(digestHex, "hex"), 0, context) ? "whole" : "damaged";
  } catch (error) {
    if (isBtdtError(error, "SOURCE_UNREADABLE")) return "unreadable";
    // It was replaced or edited while it was read; the next check will tell what it is now.
    if (isBtdtError(error, "SOURCE_CHANGED")) return lstatBuffer(file, status) ? "damaged" : "missing";
    throw error;
  }
}
