import type { ByteString } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { constants, O_PATH } from "../fs/file-constants.ts";
import { emptyStatus, fstat } from "../fs/native/file-status.ts";
import { IS_LINUX } from "../fs/native/is-linux.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { chmod } from "../fs/native/path-calls.ts";
import { closeQuickly, openQuickly } from "../fs/native/quick-file.ts";

const OWNER_MAY_READ = 0o400;

const status = emptyStatus();

/**
 * Runs an action on an object that its mode keeps its owner from reading, and lets the owner read it meanwhile. It
 * gets its old mode back afterwards, unless someone has set another one. Its path is looked up only once, so that the
 * mode of no other file changes. An object that a tree links to keeps its mode: it is that tree's as well.
 * @param rightMode the mode that the object should have; if reading takes no more than that, it is left in place
 */
export function lendReadAccess<Outcome>(
  object: PathBuffer,
  rightMode: number,
  action: () => Outcome,
): Outcome {
  const handle = IS_LINUX ? tryOpen(object) : undefined;
  if (handle === undefined) return action();
  try {
    fstat(handle, status);
    const { mode } = status;
    const lentMode = mode | OWNER_MAY_READ;
    if (lentMode === mode || !isAlone() || !trySetMode(handle, lentMode)) return action();
    try {
      return action();
    } finally {
      fstat(handle, status);
      if (lentMode !== rightMode && status.mode === lentMode && isAlone()) trySetMode(handle, mode);
    }
  } finally {
    closeQuickly(handle);
  }
}

function isAlone(): boolean {
  return status.kind === "file" && status.linkCount === 1;
}

function tryOpen(object: PathBuffer): number | undefined {
  try {
    return openQuickly(object, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** False if the file is another user's, or its file system is read-only. */
function trySetMode(handle: number, mode: number): boolean {
  try {
    chmod(`/proc/self/fd/${handle}` as ByteString, mode);
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
