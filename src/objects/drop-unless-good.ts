import { renameSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { removeTree } from "../fs/remove-tree.ts";

/**
 * Removes an object that was found to be bad. A store may replace it with a good one at any moment, so it is renamed
 * first and then examined: a good one gets its name back. (Only a kill in between loses it, which is a miss.) Trees
 * that link to the object keep it.
 * @param aside an unused path in the session's directory
 * @param isGood whether the object, which is then at `aside`, should stay
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
    // What could not be examined is kept as well.
    if (isKept) renameSync(asideName, name);
  }
  // It may be a directory.
  if (!isKept) removeTree(aside.toBytes());
}
