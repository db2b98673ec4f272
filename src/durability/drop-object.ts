import { linkSync, renameSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Session } from "../cache/session.ts";
import { errnoOf } from "../fs/errno.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { checkObject } from "../objects/check-objects.ts";
import { objectPath } from "../objects/object-path.ts";
import type { JobContext } from "../work/job.ts";

/**
 * Removes a damaged object from the cache. A store may have replaced it by a good one since it was examined: so it is
 * moved to the session first, examined there, and given its name back if it is whole after all.
 * @throws a `node:fs` error
 */
export function dropObject(cache: CacheDirectory, session: Session, name: string, context: JobContext): void {
  const path = objectPath(cache.objects, name);
  const taken = session.temporaryPath();
  try {
    renameSync(fsPath(path), fsPath(taken));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  if (checkObject(new PathBuffer().set(taken), name, context) !== "whole") return;
  try {
    linkSync(fsPath(taken), fsPath(path));
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}
