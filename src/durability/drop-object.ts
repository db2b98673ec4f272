import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Session } from "../cache/session.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { checkObject } from "../objects/check-objects.ts";
import { dropUnlessGood } from "../objects/drop-unless-good.ts";
import { objectPath } from "../objects/object-path.ts";
import type { JobContext } from "../work/job.ts";

/**
 * Removes an object whose bytes are damaged, unless a store has replaced it by now. To be called under the shared lock:
 * a clean that looked while a good one is set aside would take its entry for damaged.
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export function dropObject(cache: CacheDirectory, session: Session, name: string, context: JobContext): void {
  const object = new PathBuffer().set(objectPath(cache.objects, name));
  const aside = new PathBuffer().set(session.temporaryPath());
  dropUnlessGood(object, aside, (path) => checkObject(path, name, context) === "whole");
}
