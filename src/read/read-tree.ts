/**
 * Turns a tree on disk into a manifest or a digest: `walkTree` finds directories and names, `IgnoreRules` decides
 * what to exclude, jobs open and hash the files (`visitFiles`, `hashSpanJob`), and `fillManifest` records what they
 * were. A source may change at any moment: each file is compared with itself before and after it is read, and a
 * change is a failure. A tree with failures is read to its end, so that all of them are known, and then refused.
 */

import type { ByteString } from "../base/byte-string.ts";
import { collectGarbage } from "../base/collect-garbage.ts";
import type { Pause } from "../base/pause.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Runners } from "../work/job.ts";
import { chooseRunners } from "../work/volume-latency.ts";
import { type Digester, hashOnly } from "./digester.ts";
import type { FileGroup } from "./file-groups.ts";
import { allocateManifest, fillDirectories, type ListedDirectory } from "./fill-manifest.ts";
import { listAhead } from "./list-ahead.ts";
import { joinNames } from "./name-list.ts";
import { type FileCollectors, RangeReader } from "./range-reader.ts";
import { type SourceFailure, throwFailures } from "./source-failure.ts";
import { type ExaminedDirectory, type WalkOptions, walkTree } from "./walk-tree.ts";

export interface ReadTreeOptions extends WalkOptions, FileCollectors {
  /** Called now and then during the walk. */
  readonly pause: Pause;
  /** Called on a slow volume, before any file is read, with about how many there are. */
  readonly onListed?: ((nameCount: number) => void) | undefined;
  /** Called when the walk is done, and most of the reading is still to come. */
  readonly onWalked?: (fileCount: number) => void;
}

/** From this many files on, there is enough work for several threads. */
const WORTH_THREADS_FILES = 400;

/** The same where each file takes long. */
const SLOW_WORTH_THREADS_FILES = 32;

/**
 * Walks and hashes a directory into a manifest. Workers hash while the walk goes on.
 * @throws SourceError for all that changes or cannot be read; BtdtError, and whatever the digester or `pause` throws
 */
export async function readTree(
  root: ByteString,
  options: ReadTreeOptions,
  allRunners: Runners,
  digester: Digester = hashOnly,
): Promise<Manifest> {
  // That the cache is on a slow volume is no reason for small jobs and many threads here.
  const runners = chooseRunners(allRunners, root);
  const { isVolumeSlow } = runners.pool;
  const batchFiles = isVolumeSlow ? digester.slowBatchFiles : digester.batchFiles;
  const worthThreadsFiles = isVolumeSlow ? SLOW_WORTH_THREADS_FILES : WORTH_THREADS_FILES;
  const ahead = isVolumeSlow ? await listAhead(root, options, runners) : undefined;
  if (ahead !== undefined) options.onListed?.(countNames(ahead));
  const failures: SourceFailure[] = [];
  const reader = new RangeReader(root, digester, runners.pool, options, failures);
  const directories: ListedDirectory[] = [];
  let fileCount = 0;
  let groups: FileGroup[] = [];
  let firstFile = 0;
  await runners.pool.whilePreparing(async () => {
    for (const directory of walkTree(root, { ...options, ahead }, (failure) => failures.push(failure))) {
      const pausing = options.pause();
      if (pausing !== undefined) await pausing;
      if (directory === undefined) continue;
      const files = joinNames(directory.files);
      directories.push({ ...directory, files });
      if (fileCount >= worthThreadsFiles) runners.pool.start("few");
      for (let start = 0; start < directory.files.length; start += batchFiles) {
        const isWhole = files.count <= batchFiles;
        const names = isWhole ? files : joinNames(directory.files.slice(start, start + batchFiles));
        groups.push({ directory: directory.path, names });
        fileCount += names.count;
        if (fileCount - firstFile >= batchFiles) {
          reader.submit({ firstFile, groups, fileCount: fileCount - firstFile }, runners.pool);
          [firstFile, groups] = [fileCount, []];
          // Lets finished jobs be recorded, and workers be given new ones.
          await Bun.sleep(0);
        }
      }
    }
  });
  options.onWalked?.(fileCount);
  const last = { firstFile, groups, fileCount: fileCount - firstFile };
  if (last.fileCount > 0) {
    reader.submit(last, fileCount < worthThreadsFiles ? runners.inline : runners.pool);
  }
  // As long as other threads have work.
  const manifest = allocateManifest(directories, fileCount);
  fillDirectories(manifest, directories);
  directories.length = 0;
  collectGarbage(fileCount);
  await reader.finish(manifest);
  collectGarbage(fileCount);
  throwFailures(failures.toSorted((left, right) => (left.path < right.path ? -1 : 1)));
  return manifest;
}

function countNames(ahead: ReadonlyMap<ByteString, ExaminedDirectory>): number {
  let count = 0;
  for (const { children } of ahead.values()) count += children.names.length;
  return count;
}
