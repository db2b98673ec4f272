import { compileLightly } from "../base/compile-lightly.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { Sharing } from "../sharing/classify-files.ts";
import type { Site } from "./target.ts";

/** Copying more takes longer than all else that is done for a file. */
const SMALLEST_LARGE_BYTES = 256 * 1024;

/** Enough to make a job's message cheap, little enough for threads to finish together. */
const JOB_BYTES = 16 * 1024 * 1024;

/** Whether a file may have to be copied, which then takes so long that it deserves its own place in the queue. */
export function isPlacedAlone(manifest: Manifest, sharing: Uint8Array, file: number): boolean {
  return sharing[file] !== Sharing.SHARED && at(manifest.fileSizes, file) >= SMALLEST_LARGE_BYTES;
}

/** The files to place, cut into jobs, the largest first. */
export function cutLargeFiles(
  manifest: Manifest,
  sharing: Uint8Array,
  { unchanged }: Site,
): { files: number[] }[] {
  const files: number[] = [];
  const areAllShared = sharing.indexOf(Sharing.EXCLUSIVE) < 0 && sharing.indexOf(Sharing.OWN) < 0;
  if (areAllShared) return [];
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (!isPlacedAlone(manifest, sharing, file)) continue;
    if (unchanged?.files[file] !== 1 && !manifest.isLink(file)) files.push(file);
  }
  const sizeOf = (file: number): number => at(manifest.fileSizes, file);
  const jobs: { files: number[] }[] = [];
  let jobBytes = JOB_BYTES;
  for (const file of files.toSorted((left, right) => sizeOf(right) - sizeOf(left))) {
    if (jobBytes >= JOB_BYTES) {
      jobs.push({ files: [] });
      jobBytes = 0;
    }
    jobs.at(-1)?.files.push(file);
    jobBytes += sizeOf(file);
  }
  return jobs;
}

compileLightly(isPlacedAlone, cutLargeFiles);
