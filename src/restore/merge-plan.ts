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
import { findFirstNames, type MountPoints, namesOnTheirOwn, ROOT } from "./mount-points.ts";
import type { Target, Unchanged } from "./target.ts";

/** What must be done to bring an existing directory in line with an entry, determined before anything is changed. */
export interface MergePlan {
  readonly unchanged: Unchanged;
  readonly mountPoints: MountPoints;
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
  const found = findDirectories(target, destination);
  const unchanged = {
    directories: found.existing,
    files: allocateMarks(fileCount),
    symlinks: allocateMarks(symlinkCount),
  };
  const ranges = directoryRanges(manifest, runners.pool);
  const runner = ranges.length > 1 ? runners.pool : runners.inline;
  const firstNames = findFirstNames(manifest, found.mountPoints);
  const mountPoints = { directories: found.mountPoints, firstNames };
  const separateNames = namesOnTheirOwn(manifest, mountPoints);
  const shared = { payload: manifest.payload, destination, links, separateNames, unchanged };
  const compared = await runAllResuming(runner, compareFilesJob, shared, ranges, restOfRange);
  compareNames(manifest, links, firstNames, destination, unchanged.files);
  const directoriesInTheWay = compared.flatMap((part) => part.directoriesInTheWay);
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
  return { unchanged, mountPoints, directoriesInTheWay };
}

interface FoundDirectories {
  /** 1 for each of the entry's directories that the destination has as a real directory. */
  readonly existing: Uint8Array;
  /** See `MountPoints`. */
  readonly mountPoints: Uint32Array;
}

function findDirectories({ cache, manifest }: Target, destination: ByteString): FoundDirectories {
  const { directoryCount } = manifest.counts;
  const cacheRoot = cache.rootStatus();
  const existing = allocateMarks(directoryCount);
  existing[ROOT] = 1;
  const mountPoints = new Uint32Array(directoryCount);
  const devices = new Map([[ROOT, lstat(destination)?.device]]);
  for (let directory = 1; directory < directoryCount; directory++) {
    const parent = at(manifest.directoryParents, directory);
    const parentMountPoint = at(mountPoints, parent);
    mountPoints[directory] = parentMountPoint;
    if (existing[parent] === 0) continue;
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
    existing[directory] = 1;
    if (status.isMountPoint || status.device !== devices.get(parentMountPoint)) {
      mountPoints[directory] = directory;
      devices.set(directory, status.device);
    }
  }
  return { existing, mountPoints };
}

/** One byte each, in memory that threads share. */
function allocateMarks(count: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(count));
}
