import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import { withSharedLock } from "../cache/cache-lock.ts";
import type { Session } from "../cache/session.ts";
import { syncFileSystem } from "../fs/native/sync-file-system.ts";
import { checkObjectsJob, restOfNames } from "../objects/check-objects.ts";
import { dropObjectJob } from "../objects/drop-object.ts";
import { lookUpObject } from "../objects/list-objects.ts";
import { runAllResuming } from "../work/run-all.ts";
import type { Runtime } from "../work/runtime.ts";
import { filterFinished } from "./finished-marks.ts";
import { Suspects } from "./suspects.ts";
import { clearMarks, isOfThisBoot } from "./unflushed-marks.ts";

/** Enough to make a job's message cheap, little enough for threads to finish together. */
const OBJECTS_PER_JOB = 500;

/**
 * Settles everything that is in doubt: hashes the suspects, drops what is damaged, and flushes the rest. Afterwards, no
 * object is a suspect, except those of running stores and those that cannot be read.
 * @throws BtdtError CACHE_WRITE_FAILED, CACHE_FORMAT_NEWER, CANCELLED
 */
export async function settleMarks(cache: CacheDirectory, session: Session, runtime: Runtime): Promise<void> {
  const suspects = Suspects.find(cache);
  if (suspects === undefined) return;
  try {
    const marks = filterFinished(suspects.marks, cache, session);
    const areAllRead = await checkSuspects(cache, session, suspects, runtime);
    if (marks.length === 0 || !areAllRead) return;
    if (marks.some(isOfThisBoot)) syncFileSystem(cache.root);
    clearMarks(cache, marks);
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

/**
 * A power cut leaves the time as it was set. An object with another time was edited through a link: no restore trusts
 * it, and the next one that needs it finds out, and remembers the path.
 */
function isLost(cache: CacheDirectory, name: string): boolean {
  const object = lookUpObject(cache.objects, name);
  return object !== undefined && (object.isAsNamed || !object.isFile);
}

/** @returns whether all of them could be read */
async function checkSuspects(
  cache: CacheDirectory,
  session: Session,
  suspects: Suspects,
  runtime: Runtime,
): Promise<boolean> {
  const names = suspects.listObjects(cache);
  const parts: { names: string[] }[] = [];
  for (let start = 0; start < names.length; start += OBJECTS_PER_JOB) {
    parts.push({ names: names.slice(start, start + OBJECTS_PER_JOB) });
  }
  const { runners, progress, isCancelled } = runtime;
  progress.begin({ name: "checking", noun: "objects", unit: "files", files: names.length });
  runners.pool.expectLongJobs();
  const runner = parts.length > 1 ? runners.pool : runners.inline;
  const results = await runAllResuming(
    runner,
    checkObjectsJob,
    { objects: cache.objects },
    parts,
    restOfNames,
  );
  const damaged = results.flatMap((result) => result.damaged).filter((name) => isLost(cache, name));
  for (const name of damaged) {
    const input = { objects: cache.objects, name, aside: session.temporaryPath() };
    await withSharedLock(cache, isCancelled, () => runners.inline.run(dropObjectJob, input));
  }
  if (damaged.length > 0) {
    const objects = damaged.length === 1 ? "1 object" : `${damaged.length} objects`;
    runtime.onWarning(`${objects} lost data in a power cut and will not be used`);
  }
  return results.every(({ unreadable }) => unreadable.length === 0);
}
