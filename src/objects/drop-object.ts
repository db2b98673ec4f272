import type { ByteString } from "../base/byte-string.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Job } from "../work/job.ts";
import { checkObject } from "./check-objects.ts";
import { dropUnlessGood } from "./drop-unless-good.ts";
import { objectPath } from "./object-path.ts";

interface DropObjectInput {
  readonly objects: ByteString;
  readonly name: string;
  /** An unused path in the session's directory. */
  readonly aside: ByteString;
}

/**
 * Removes an object whose bytes are damaged, unless a store has replaced it by now. To be run under the shared lock:
 * a clean that looked while a good one is set aside would take its entry for damaged. A job, because a huge object
 * takes long to hash.
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export const dropObjectJob: Job<DropObjectInput, null> = {
  name: "drop-object",
  run({ objects, name, aside }, context) {
    const object = new PathBuffer().set(objectPath(objects, name));
    dropUnlessGood(
      object,
      new PathBuffer().set(aside),
      (path) => checkObject(path, name, context) === "whole",
    );
    return null;
  },
};
