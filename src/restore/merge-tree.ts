import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { type ByteString, bytesFromBuffer, display, fsPath, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { isStagingName } from "../base/staging-name.ts";
import { type FileStatus, isSameFile, lstat } from "../fs/native/file-status.ts";
import { openDirectory, removeTree } from "../fs/remove-tree.ts";
import { directoryRanges } from "../manifest/directory-ranges.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import type { Runners } from "../work/job.ts";
import { runAllSharing } from "../work/run-all.ts";
import { compareFilesJob } from "./compare-files.ts";

/** What has to be done to make a directory that exists hold an entry: found before anything is changed. */
export interface MergePlan {
  /** 1 for each of the entry's directories that the destination has as a real directory. */
  readonly existingDirectories: Uint8Array;
  /** 1 for each file, or symlink, that can stay as it is. */
  readonly unchanged: { readonly files: Uint8Array; readonly symlinks: Uint8Array };
  /** Directories, relative to the destination, that have to give way; empty unless `exact`. */
  readonly directoriesInTheWay: readonly ByteString[];
}

export interface MergeTarget {
  readonly destination: ByteString;
  /** The cache's root, which nothing may be restored into. */
  readonly cacheRoot: FileStatus | undefined;
  /** Whatever the entry does not have is removed. */
  readonly exact: boolean;
}

/** @throws BtdtError DESTINATION_CONFLICT, DESTINATION_INSIDE_CACHE; a `node:fs` error */
export async function planMerge(
  manifest: Manifest,
  target: MergeTarget,
  objects: ByteString,
  runners: Runners,
): Promise<MergePlan> {
  const { directoryCount, fileCount, symlinkCount } = manifest.counts;
  const existingDirectories = new Uint8Array(new SharedArrayBuffer(directoryCount));
  existingDirectories[0] = 1;
  for (let directory = 1; directory < directoryCount; directory++) {
    if (existingDirectories[at(manifest.directoryParents, directory)] === 0) continue;
    const path = joinBytes(target.destination, manifest.directoryPath(directory));
    const status = lstat(path);
    if (status?.kind !== "directory") continue;
    if (target.cacheRoot !== undefined && isSameFile(status, target.cacheRoot)) {
      throw new BtdtError(
        "DESTINATION_INSIDE_CACHE",
        `the entry would write into the cache itself, ${display(path)}`,
        {
          path: display(path),
          hint: "restore to a directory outside the cache",
        },
      );
    }
    existingDirectories[directory] = 1;
  }
  const unchanged = {
    files: new Uint8Array(new SharedArrayBuffer(fileCount)),
    symlinks: new Uint8Array(new SharedArrayBuffer(symlinkCount)),
  };
  const ranges = directoryRanges(manifest);
  const runner = ranges.length > 1 ? runners.pool : runners.inline;
  const shared = {
    payload: manifest.payload,
    destination: target.destination,
    objects,
    existing: existingDirectories,
    unchangedFiles: unchanged.files,
    unchangedSymlinks: unchanged.symlinks,
  };
  const found = await runAllSharing(runner, compareFilesJob, shared, ranges);
  const directoriesInTheWay = found.flat();
  const [first] = directoriesInTheWay;
  if (first !== undefined && !target.exact) {
    const path = display(joinBytes(target.destination, first));
    throw new BtdtError("DESTINATION_CONFLICT", `${path} is a directory, but the entry has a file there`, {
      path,
      hint: "remove it, or use --exact, which deletes whatever is not in the entry",
    });
  }
  return { existingDirectories, unchanged, directoriesInTheWay };
}

/**
 * Moves what was staged to its places, each file in one step: whoever opens it sees the old one or the new one. An
 * existing file or symlink is replaced, never written through.
 * @throws a `node:fs` error
 */
export function applyMerge(
  manifest: Manifest,
  plan: MergePlan,
  target: MergeTarget,
  staged: ByteString,
): void {
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++) {
    // They get their final modes when all is in place.
    if (plan.existingDirectories[directory] === 1) {
      openDirectory(joinBytes(target.destination, manifest.directoryPath(directory)));
    }
  }
  for (const path of plan.directoriesInTheWay) {
    removeTree(joinBytes(target.destination, path));
  }
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++) {
    const relative = manifest.directoryPath(directory);
    const path = joinBytes(target.destination, relative);
    if (plan.existingDirectories[directory] === 0) {
      rmSync(fsPath(path), { force: true });
      mkdirSync(fsPath(path), { mode: 0o700 });
    }
    const moveTo = (name: ByteString): void => {
      renameSync(fsPath(joinBytes(joinBytes(staged, relative), name)), fsPath(joinBytes(path, name)));
    };
    for (
      let file = manifest.firstFileOf(directory);
      file < at(manifest.directoryFileEnds, directory);
      file++
    ) {
      if (plan.unchanged.files[file] === 0) moveTo(manifest.fileName(file));
    }
    for (
      let link = manifest.firstSymlinkOf(directory);
      link < at(manifest.directorySymlinkEnds, directory);
      link++
    ) {
      if (plan.unchanged.symlinks[link] === 0) moveTo(manifest.symlinkName(link));
    }
  }
  if (target.exact) removeExtras(manifest, target.destination);
}

function removeExtras(manifest: Manifest, destination: ByteString): void {
  const wanted: Set<ByteString>[] = [];
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++) {
    const names = new Set<ByteString>();
    for (
      let file = manifest.firstFileOf(directory);
      file < at(manifest.directoryFileEnds, directory);
      file++
    ) {
      names.add(manifest.fileName(file));
    }
    for (
      let link = manifest.firstSymlinkOf(directory);
      link < at(manifest.directorySymlinkEnds, directory);
      link++
    ) {
      names.add(manifest.symlinkName(link));
    }
    wanted.push(names);
    if (directory > 0)
      wanted[at(manifest.directoryParents, directory)]?.add(manifest.directoryName(directory));
  }
  for (const [directory, names] of wanted.entries()) {
    const path = joinBytes(destination, manifest.directoryPath(directory));
    for (const child of readdirSync(fsPath(path), { encoding: "buffer" })) {
      const name = bytesFromBuffer(child);
      if (names.has(name) || (directory === 0 && isStagingName(name))) continue;
      removeTree(joinBytes(path, name));
    }
  }
}
