import type { ByteString } from "../base/byte-string.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import type { Session } from "../cache/session.ts";
import { cutRanges, directoryRanges, restOfRange } from "../manifest/directory-ranges.ts";
import { hasHugeFile } from "../manifest/has-huge-file.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { type AdoptedFiles, adoptFilesJob } from "../objects/adopt-files.ts";
import { shareKnownShards } from "../objects/object-path.ts";
import type { FileTimes } from "../objects/reuse-object-times.ts";
import { throwFailures } from "../read/source-failure.ts";
import { runAllResuming } from "../work/run-all.ts";
import type { Runtime } from "../work/runtime.ts";
import type { KeptFiles, StoreRequest } from "./request.ts";

/** A tree on disk, and what is known about its files, by their numbers in its manifest. */
export interface TreeToKeep {
  readonly path: ByteString;
  readonly manifest: Manifest;
  /** See `ObjectMakerInput`. */
  readonly sourceTimes: FileTimes;
  /** See `classifyFiles`. */
  readonly sharing: Uint8Array;
  /** See `ObjectMakerInput`. */
  readonly attributed: Uint8Array | undefined;
  /** See `Suspects.flagFiles`. */
  readonly suspects: Uint8Array | undefined;
  /** See `AdoptFilesInput`. */
  readonly unwanted?: Uint8Array;
}

/**
 * Makes sure that each file of a tree has its object in the cache.
 * @throws SourceError if files have changed since they were read; BtdtError
 */
export async function keepAsObjects(
  { cache, linkMode }: Pick<StoreRequest, "cache" | "linkMode">,
  { path, manifest, sourceTimes, sharing, attributed, suspects, unwanted }: TreeToKeep,
  session: Session,
  runtime: Runtime,
): Promise<KeptFiles> {
  const { pool } = runtime.runners;
  if (hasHugeFile(manifest)) pool.expectLongJobs();
  // Objects get their names in the cache's directories: any number of threads may take files of one directory.
  const ranges = cutRanges(manifest, directoryRanges(manifest, pool), pool);
  const runner = ranges.length > 1 ? pool : runtime.runners.inline;
  const shared = {
    payload: manifest.payload,
    source: path,
    sourceTimes,
    objects: cache.objects,
    knownShards: shareKnownShards(cache.objects),
    temporary: session.directory,
    linkMode,
    attributed,
    suspects,
    sharing,
    unwanted,
  };
  const total = { fileCounts: { reflinked: 0, linked: 0, copied: 0, packed: 0, reused: 0 }, newBytes: 0 };
  runtime.progress.begin({ name: "keeping", unit: "files", files: manifest.counts.fileCount });
  let parts: AdoptedFiles[];
  try {
    parts = await runAllResuming(runner, adoptFilesJob, shared, ranges, restOfRange);
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
  throwFailures(
    parts.flatMap(({ changed }) =>
      changed.map(({ file, message }) => {
        return { path: manifest.filePath(file), code: "SOURCE_CHANGED" as const, message };
      }),
    ),
  );
  for (const part of parts) {
    for (const outcome of ["reflinked", "linked", "copied", "reused"] as const) {
      total.fileCounts[outcome] += part.fileCounts[outcome];
    }
    total.newBytes += part.newBytes;
  }
  return total;
}
