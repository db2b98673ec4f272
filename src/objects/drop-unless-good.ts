import { renameSync, unlinkSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";

/**
 * Removes an object that was found to be bad. A store may replace it with a good one at any moment, so it is taken aside first, and
 * what was taken is looked at: a good one goes back. (Only being killed in between loses that, which is a miss.) Trees that link to the object keep
 * it.
 * @param aside a path in the session's directory that nothing has
 * @param isGood whether the object, which is at `aside`, is to stay
 * @throws a `node:fs` error
 */
export function dropUnlessGood(
  object: PathBuffer,
  aside: PathBuffer,
  isGood: (path: PathBuffer) => boolean,
): void {
  const [name, asideName] = [fsPath(object.toBytes()), fsPath(aside.toBytes())];
  try {
    renameSync(name, asideName);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  let isKept = true;
  try {
    isKept = isGood(aside);
  } finally {
    // What could not be looked at is kept as well.
    if (isKept) renameSync(asideName, name);
  }
  if (!isKept) unlinkSync(asideName);
}
