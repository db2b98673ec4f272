import { fsPath } from "../../base/byte-string.ts";
import { compileLightly } from "../../base/compile-lightly.ts";
import { errnoOf, ignoringErrno } from "../errno.ts";
import { constants } from "../file-constants.ts";
import { nodeFs } from "../node-fs.ts";
import { closeWritten } from "./close-written.ts";
import { hasNotBeenSupported } from "./last-error.ts";
import { linuxLibc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";
import { unlink } from "./path-calls.ts";
import { closeQuickly, OPEN_NEW, openQuickly } from "./quick-file.ts";

/** Of Linux's <linux/fs.h>. */
const FICLONE = 0x4004_9409;

/**
 * Makes a new file with the content of another one, and with the same blocks (a reflink).
 * @returns false if these file systems, or this kernel, cannot do that
 * @throws a `node:fs` error: nothing was made
 */
export function tryClone(source: PathBuffer, target: PathBuffer): boolean {
  return linuxLibc === undefined ? tryPortably(source, target) : tryOnLinux(linuxLibc, source, target);
}

function tryOnLinux(
  { ioctl }: NonNullable<typeof linuxLibc>,
  source: PathBuffer,
  target: PathBuffer,
): boolean {
  const from = openQuickly(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const to = openQuickly(target, OPEN_NEW, 0o600);
    const isCloned = ioctl(to, FICLONE, from) === 0;
    const isImpossible = !isCloned && hasNotBeenSupported();
    try {
      closeWritten(to);
    } catch (error) {
      ignoringErrno(() => unlink(target.toBytes()));
      throw error;
    }
    if (isCloned) return true;
    unlink(target.toBytes());
    // Again, for an error that says why.
    return isImpossible ? false : tryPortably(source, target);
  } finally {
    closeQuickly(from);
  }
}

function tryPortably(source: PathBuffer, target: PathBuffer): boolean {
  try {
    nodeFs().copyFileSync(
      fsPath(source.toBytes()),
      fsPath(target.toBytes()),
      constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL,
    );
    return true;
  } catch (error) {
    switch (errnoOf(error)) {
      case "EOPNOTSUPP":
      case "ENOTSUP":
      case "EXDEV":
      case "EINVAL":
      case "ENOTTY":
      case "ENOSYS":
      case "EPERM":
        return false;
      default:
        throw error;
    }
  }
}

compileLightly(tryClone, tryOnLinux);
