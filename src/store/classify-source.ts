import { bytesFromText } from "../base/byte-string.ts";
import { readEditedPaths } from "../cache/edited-paths.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { markEditedPaths } from "../manifest/mark-edited-paths.ts";
import { classifyFiles } from "../sharing/classify-files.ts";
import type { StoreRequest } from "./request.ts";
import type { Source } from "./sources.ts";

/** What the tree may share with the cache: the same that a restore of it would share. */
export function classifySource(
  { cache, globs, linkMode }: Pick<StoreRequest, "cache" | "globs" | "linkMode">,
  { name, recordedPath }: Source,
  manifest: Manifest,
): Uint8Array {
  const names = [name, recordedPath === undefined ? undefined : bytesFromText(recordedPath)];
  return classifyFiles(
    manifest,
    { names, globs, linkMode, isTemporary: name === undefined },
    markEditedPaths(manifest, readEditedPaths(cache, recordedPath)),
  );
}
