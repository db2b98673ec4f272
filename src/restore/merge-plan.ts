import { type ByteString, display, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { isSameFile, lstat } from "../fs/native/file-status.ts";
import { directoryRanges, restOfRange } from "../manifest/directory-ranges.ts";
import { at } from "../manifest/manifest.ts";
import { runAllResuming } from "../work/run-all.ts";
import type { Runtime } from "../work/runtime.ts";
import { compareFilesJob } from "./compare-files.ts";
import { compareNames } from "./compare-names.ts";
import { assertCacheNotIn, listExtras } from "./extras.ts";
import type { Target, Unchanged } from "./target.ts";

/** What must be done to bring an existing directory in line with an entry, determined before anything is changed. */
export interface MergePlan {
  readonly unchanged: Unchanged;
  /** Directories, relative to the destination, that must give way to files and symlinks; none unless `exact`. */
  readonly directoriesInTheWay: readonly ByteString[];
}

/** @throws BtdtError CANCELLED, DESTINATION_CONFLICT, DESTINATION_INSIDE_CACHE; a `node:fs` error */
export async function planMerge(
  target: Target,
  destination: ByteString,
  { runners, progress }: Runtime,
): Promise<MergePlan> {
  const { cache, manifest, exact, links } = target;
  const { fileCount, symlinkCount } = manifest.counts;
  progress.begin({ name: "comparing", files: fileCount, unit: "files" });
  const unchanged = {
    directories: findDirectories(target, destination),
    files: allocateMarks(fileCount),
    symlinks: allocateMarks(symlinkCount),
  };
  const ranges = directoryRanges(manifest);
  const runner = ranges.length > 1 ? runners.pool : runners.inline;
  const shared = { payload: manifest.payload, destination, links, unchanged };
  const found = await runAllResuming(runner, compareFilesJob, shared, ranges, restOfRange);
  compareNames(manifest, destination, unchanged.files);
  const directoriesInTheWay = found.flatMap((compared) => compared.directoriesInTheWay);
  const [first] = directoriesInTheWay;
  if (first !== undefined && !exact) {
    const path = display(joinBytes(destination, first));
    throw new BtdtError("DESTINATION_CONFLICT", `${path} is a directory, but the entry has a file there`, {
      path,
      hint: "remove it, or use --exact, which deletes whatever is not in the entry",
    });
  }
  if (exact) {
    const doomed = directoriesInTheWay.map((path) => joinBytes(destination, path));
    doomed.push(...listExtras(manifest, unchanged.directories, destination, "skip"));
    assertCacheNotIn(doomed, cache.rootStatus());
  }
  return { unchanged, directoriesInTheWay };
}

/** 1 for each of the entry's directories that the destination has as a real directory. */
function findDirectories({ cache, manifest }: Target, destination: ByteString): Uint8Array {
  const { directoryCount } = manifest.counts;
  const cacheRoot = cache.rootStatus();
  const marks = allocateMarks(directoryCount);
  marks[0] = 1;
  for (let directory = 1; directory < directoryCount; directory++) {
    if (marks[at(manifest.directoryParents, directory)] === 0) continue;
    const path = joinBytes(destination, manifest.directoryPath(directory));
    const status = lstat(path);
    if (status?.kind !== "directory") continue;
    if (cacheRoot !== undefined && isSameFile(status, cacheRoot)) {
      throw new BtdtError(
        "DESTINATION_INSIDE_CACHE",
        `the entry would write into the cache itself, ${display(path)}`,
        { path: display(path), hint: "restore to a directory outside the cache" },
      );
    }
    marks[directory] = 1;
  }
  return marks;
}

/** One byte each, in memory that threads share. */
function allocateMarks(count: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(count));
}
