import { display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { findLinkObstacle, type LinkObstacle } from "../fs/link-obstacle.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { hashOnly } from "../read/digester.ts";
import { Sharing } from "../sharing/classify-files.ts";
import type { Runtime } from "../work/runtime.ts";
import { withoutRepetitions } from "../work/without-repetitions.ts";
import { classifySource } from "./classify-source.ts";
import { describeSkipped } from "./describe-skipped.ts";
import { readRepeatedly } from "./read-repeatedly.ts";
import { readSource } from "./read-source.ts";
import type { StoreRequest } from "./request.ts";
import { findSources, type Source } from "./sources.ts";
import { SuspiciousExcludes } from "./suspicious-excludes.ts";

export interface SourcePreview {
  /** Ready for display. */
  readonly source: string;
  readonly fileCount: number;
  readonly contentBytes: number;
  /** As in `StoredTree`. */
  readonly skippedCount?: number;
  /** Otherwise, its files become objects. */
  readonly isPacked: boolean;
  /** What keeps files from being linked; found without trying it, so there may be others. */
  readonly obstacle: LinkObstacle | undefined;
  /**
   * Files with contents, by what a store does with them: link, link as build state that one tree at a time has, copy,
   * or pack.
   */
  readonly fileCounts: Readonly<Record<"linked" | "exclusive" | "copied" | "packed", number>>;
  /** Paths in the source that are excluded, ready for display; of a directory, not what is in it. */
  readonly excluded: readonly string[];
}

/**
 * Finds out what a store would do, without writing anything: sources are read as for a store.
 * @throws BtdtError as `storeEntry`, but for those about writing
 */
export async function previewStore(request: StoreRequest, runtime: Runtime): Promise<SourcePreview[]> {
  const suspicious = new SuspiciousExcludes(request.excludePatterns, request.sources);
  const previews: SourcePreview[] = [];
  try {
    for (const source of findSources(request, request.cache, suspicious.watched)) {
      runtime.progress.begin({ name: "reading", unit: "bytes" });
      previews.push(await previewSource(request, source, runtime));
      if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before it was done");
    }
    suspicious.warn(runtime.onWarning);
    return previews;
  } finally {
    runtime.progress.end();
  }
}

async function previewSource(
  request: StoreRequest,
  source: Source,
  runtime: Runtime,
): Promise<SourcePreview> {
  const { cache, storage } = request;
  const excluded: string[] = [];
  source.ignoreRules?.observe((path, isDirectory) => excluded.push(display(path) + (isDirectory ? "/" : "")));
  const quiet = withoutRepetitions(runtime);
  const classify = (manifest: Manifest): Uint8Array => classifySource(request, source, manifest);
  const { result: manifest, skipped } = await readRepeatedly(request.skip, async (paths) => {
    excluded.length = 0;
    return await readSource(cache, source, { digester: hashOnly, skipped: paths, classify }, quiet);
  });
  for (const sentence of describeSkipped(source.name ?? source.path, skipped)) runtime.onWarning(sentence);
  const obstacle =
    storage === "packs"
      ? undefined
      : findLinkObstacle(source.path, cache.rootStatus() === undefined ? cache.path : cache.root);
  const isPacked = storage === "packs" || (storage === "auto" && obstacle !== undefined);
  const isCopied = obstacle !== undefined || request.linkMode === "copy";
  return {
    source: display(source.name ?? source.path),
    fileCount: manifest.counts.fileCount,
    contentBytes: manifest.contentBytes(),
    ...(skipped.length === 0 ? {} : { skippedCount: skipped.length }),
    isPacked,
    obstacle,
    fileCounts: countFiles(manifest, isPacked ? "packed" : isCopied ? "copied" : classify(manifest)),
    excluded,
  };
}

/** @param outcome the same for all files, or of `Sharing` for each */
function countFiles(
  manifest: Manifest,
  outcome: "packed" | "copied" | Uint8Array,
): SourcePreview["fileCounts"] {
  const counts = { linked: 0, exclusive: 0, copied: 0, packed: 0 };
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (at(manifest.fileSizes, file) === 0) continue;
    counts[typeof outcome === "string" ? outcome : nameSharing(outcome[file])] += 1;
  }
  return counts;
}

function nameSharing(sharing: number | undefined): "linked" | "exclusive" | "copied" {
  switch (sharing) {
    case Sharing.SHARED:
      return "linked";
    case Sharing.EXCLUSIVE:
      return "exclusive";
    default:
      return "copied";
  }
}
