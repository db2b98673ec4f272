import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "./errno.ts";
import { lstat } from "./native/file-status.ts";
import { readMountId } from "./native/mount-id.ts";
import { nodeFs } from "./node-fs.ts";
import { discardTree } from "./remove-tree.ts";

/** Why no file of one directory can have a hard link in another one. */
export type LinkObstacle =
  | "another file system"
  | "another mount of the same volume"
  | "a file system without hard links";

/** What separates two existing paths, as far as the system says. */
export function findLinkObstacle(left: ByteString, right: ByteString): LinkObstacle | undefined {
  if (lstat(left)?.device !== lstat(right)?.device) return "another file system";
  const [leftMount, rightMount] = [readMountId(left), readMountId(right)];
  if (leftMount === undefined || leftMount === rightMount) return undefined;
  return "another mount of the same volume";
}

/**
 * Tries to link a file.
 * @param existing any file
 * @param unused where it is linked to for a moment
 */
export function tryOneLink(existing: ByteString, unused: ByteString): LinkObstacle | undefined {
  try {
    nodeFs().linkSync(fsPath(existing), fsPath(unused));
    return undefined;
  } catch (error) {
    switch (errnoOf(error)) {
      case "EXDEV":
        return "another mount of the same volume";
      // For a file of this user's, EPERM says the same.
      case "EPERM":
      case "EOPNOTSUPP":
      case "ENOTSUP":
      case "ENOSYS":
        return "a file system without hard links";
      default:
        // It is found out file by file.
        return undefined;
    }
  } finally {
    discardTree(unused);
  }
}
