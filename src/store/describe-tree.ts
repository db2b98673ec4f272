import type { StoredTree } from "../key/key-record.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Source } from "./sources.ts";

/** What a key's record says of a source. @param digest that of the manifest's file */
export function describeTree(
  { recordedPath }: Pick<Source, "recordedPath">,
  digest: string,
  manifest: Manifest,
  skippedCount: number,
): StoredTree {
  return {
    ...(recordedPath === undefined ? {} : { path: recordedPath }),
    manifest: digest,
    fileCount: manifest.counts.fileCount,
    contentBytes: manifest.contentBytes(),
    ...(skippedCount === 0 ? {} : { skippedCount }),
  };
}
