import { renameSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { removeTree } from "../fs/remove-tree.ts";
import { ObjectClaim } from "./object-claim.ts";

/**
 * Removes an object that was found to be bad. A store may replace it with a good one at any moment, so it is claimed,
 * and examined again if another file has its name by then. Trees that link to the object keep it.
 * @param aside an unused path in the session's directory
 * @param isGood whether the object at a path should stay; if it throws, the object stays
 * @throws a `node:fs` error
 */
export function dropUnlessGood(
  object: PathBuffer,
  aside: PathBuffer,
  isGood: (path: PathBuffer) => boolean,
): void {
  for (;;) {
    // What is opened before it is examined is what was examined, if it still has the name afterwards.
    const claim = ObjectClaim.open(object);
    try {
      if (isGood(object)) return;
      if (claim?.take() === "replaced") continue;
      setAside(object, aside, (path) => claim?.isAt(path) !== true && isGood(path));
      return;
    } finally {
      claim?.close();
    }
  }
}

/**
 * An object that could not be claimed may still have been replaced, so it is renamed first and then examined: a good
 * one gets its name back. (Only a kill in between loses it, which is a miss.)
 */
function setAside(object: PathBuffer, aside: PathBuffer, isGood: (path: PathBuffer) => boolean): void {
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
