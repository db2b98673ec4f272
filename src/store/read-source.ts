import { type ByteString, display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import { errnoOf } from "../fs/errno.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { makeShardsAhead } from "../objects/make-shards-job.ts";
import type { AttributedFiles } from "../read/attributed-files.ts";
import type { Digester } from "../read/digester.ts";
import { InodeGroups } from "../read/inode-groups.ts";
import { readSingleFile } from "../read/read-single-file.ts";
import { readTree } from "../read/read-tree.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { recordLinks } from "./record-links.ts";
import type { Source } from "./sources.ts";

export interface SourceReading {
  readonly digester: Digester;
  /** Paths to leave out. */
  readonly skipped: ReadonlySet<ByteString>;
  /** See `classifyFiles`. */
  readonly classify: (manifest: Manifest) => Uint8Array;
  /** Collects the files that have extended attributes. */
  readonly attributed?: AttributedFiles | undefined;
  /** Called when a directory was walked, and most of its files are still to be read. */
  readonly onWalked?: () => void;
}

/**
 * Reads a source into a manifest.
 * @throws SourceError; BtdtError SOURCE_…, CACHE_WRITE_FAILED, CANCELLED
 */
export async function readSource(
  cache: CacheDirectory,
  { path, ignoreRules, pathCount }: Source,
  { digester, skipped, classify, attributed, onWalked }: SourceReading,
  runtime: Runtime,
): Promise<Manifest> {
  try {
    if (ignoreRules === undefined) {
      runtime.progress.expectFiles(1);
      return await readSingleFile(path, runtime.runners, digester, attributed);
    }
    const inodes = new InodeGroups();
    let making: Promise<void> | undefined;
    const options = {
      ignoreRules,
      skipped,
      excludedDirectory: cache.rootStatus(),
      onWarning: runtime.onWarning,
      inodes,
      attributed,
      pause: createPause(runtime.isCancelled),
      onListed: (nameCount: number) => {
        // For packs, nobody asks for attributes, and no shard is needed.
        if (attributed === undefined) return;
        making = makeShardsAhead(cache.objects, nameCount, runtime.runners.pool);
        // Awaited once the tree was read, which may fail first.
        making.catch(() => undefined);
      },
      onWalked: (fileCount: number) => {
        runtime.progress.expectFiles(fileCount);
        onWalked?.();
      },
    };
    const manifest = await readTree(path, options, runtime.runners, digester);
    // A cancelled job has read only some of its files.
    if (runtime.isCancelled()) return manifest;
    await making;
    if (pathCount !== undefined) assertWhole(path, manifest, pathCount);
    return recordLinks(manifest, { path, objects: cache.objects, classify }, inodes.list());
  } catch (error) {
    // Faults of the source are BtdtErrors by now; all others are from the pack, which is written at the same time.
    throw errnoOf(error) === undefined ? error : cacheWriteError(cache, error);
  }
}

/** Network file systems can answer with a listing from before the tree was made. */
function assertWhole(path: ByteString, { counts }: Manifest, pathCount: number): void {
  const { directoryCount, fileCount, symlinkCount } = counts;
  if (directoryCount + fileCount + symlinkCount === pathCount) return;
  throw new BtdtError("SOURCE_UNREADABLE", `cannot read all that was unpacked to ${display(path)}`, {
    path: display(path),
    hint: "the file system lists less than was written; try again",
  });
}
