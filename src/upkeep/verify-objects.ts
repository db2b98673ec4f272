import { CHUNK_SIZE_BYTES, DIGEST_HEX_DIGITS, hexOf } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { lstat } from "../fs/native/file-status.ts";
import { checkObjectsJob, restOfNames } from "../objects/check-objects.ts";
import type { StoredObject } from "../objects/list-objects.ts";
import { objectPath } from "../objects/object-path.ts";
import { hashLargeFile } from "../read/hash-large-file.ts";
import type { Runner } from "../work/job.ts";
import { runAllResuming } from "../work/run-all.ts";
import type { ContentState } from "./content-state.ts";

/** Enough to make a job's message cheap, little enough for signals to be handled soon. */
const MOST_OBJECTS_PER_JOB = 200;
const MOST_BYTES_PER_JOB = 32 * 1024 * 1024;

/** Hashes objects on all threads, large ones one after another. @throws BtdtError CANCELLED */
export async function verifyObjects(
  cache: CacheDirectory,
  objects: readonly StoredObject[],
  runner: Runner,
): Promise<Map<string, ContentState>> {
  const small = objects.filter(({ sizeBytes }) => sizeBytes <= CHUNK_SIZE_BYTES);
  const states = new Map(small.map(({ name }): [string, ContentState] => [name, "sound"]));
  const parts = cutIntoJobs(small);
  const outputs = await runAllResuming(
    runner,
    checkObjectsJob,
    { objects: cache.objects },
    parts,
    restOfNames,
  );
  for (const { damaged, unreadable, missing } of outputs) {
    for (const name of damaged) states.set(name, "damaged");
    for (const name of unreadable) states.set(name, "unreadable");
    for (const name of missing) states.set(name, "gone");
  }
  for (const { name, sizeBytes } of objects) {
    if (sizeBytes > CHUNK_SIZE_BYTES) states.set(name, await verifyLarge(cache, name, runner));
  }
  return states;
}

function cutIntoJobs(objects: readonly StoredObject[]): { readonly names: readonly string[] }[] {
  const parts: { names: string[] }[] = [];
  let names: string[] = [];
  let bytes = 0;
  for (const { name, sizeBytes } of objects) {
    if (names.length === 0) parts.push({ names });
    names.push(name);
    bytes += sizeBytes;
    if (names.length < MOST_OBJECTS_PER_JOB && bytes < MOST_BYTES_PER_JOB) continue;
    names = [];
    bytes = 0;
  }
  return parts;
}

async function verifyLarge(cache: CacheDirectory, name: string, runner: Runner): Promise<ContentState> {
  const path = objectPath(cache.objects, name);
  try {
    const status = lstat(path);
    if (status === undefined) return "gone";
    const { sizeBytes, mtimeSeconds, mtimeNanoseconds } = status;
    const digest = await hashLargeFile(runner, { path, sizeBytes, mtimeSeconds, mtimeNanoseconds });
    return hexOf(digest) === name.slice(0, DIGEST_HEX_DIGITS) ? "sound" : "damaged";
  } catch (error) {
    if (isBtdtError(error, "CANCELLED") || isBtdtError(error, "INTERNAL")) throw error;
    return "unreadable";
  }
}
