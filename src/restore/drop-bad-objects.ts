import type { ByteString } from "../base/byte-string.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { viewManifest } from "../manifest/codec.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { checkObject } from "../objects/check-objects.ts";
import { dropUnlessGood } from "../objects/drop-unless-good.ts";
import { examineObject } from "../objects/examine-object.ts";
import { lendReadAccess } from "../objects/lend-read-access.ts";
import { objectAttributes } from "../objects/object-attributes.ts";
import { nameObject } from "../objects/object-name.ts";
import { objectPath } from "../objects/object-path.ts";
import type { Job, JobContext } from "../work/job.ts";
import { verifyFile } from "./verify-file.ts";

export interface BadObject {
  readonly file: number;
  readonly problem: "edited" | "lost" | "damaged";
  /** An unused path in the session's directory. */
  readonly aside: ByteString;
}

interface DropBadObjectsInput {
  readonly payload: Uint8Array;
  readonly objects: ByteString;
  readonly bad: readonly BadObject[];
}

/**
 * Removes the objects of files that could not be restored from them, unless a store has replaced them by now. To be run
 * under the shared lock: a clean that looked while a good one is set aside would take its entry for damaged. A job,
 * because a huge object takes long to hash.
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export const dropBadObjectsJob: Job<DropBadObjectsInput, null> = {
  name: "drop-bad-objects",
  run({ payload, objects, bad }, context) {
    const manifest = viewManifest(payload);
    for (const each of bad) dropBadObject(manifest, objects, each, context);
    return null;
  },
};

function dropBadObject(
  manifest: Manifest,
  objects: ByteString,
  { file, problem, aside }: BadObject,
  context: JobContext,
): void {
  for (const isExclusive of [false, true]) {
    const name = nameObject(manifest, file, isExclusive);
    const isGood = (path: PathBuffer): boolean => {
      switch (examineObject(path, manifest, file)) {
        case "whole":
          return problem === "edited" || verifyFile(path, manifest, file, context) === undefined;
        // The file's other object may be the one with the problem.
        case "altered":
          return checkObject(path, name, context) !== "damaged";
        default:
          return false;
      }
    };
    const object = new PathBuffer().set(objectPath(objects, name));
    const { mode } = objectAttributes(manifest, file);
    lendReadAccess(object, mode, () => dropUnlessGood(object, new PathBuffer().set(aside), isGood));
  }
}
