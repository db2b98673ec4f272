import type { CacheDirectory } from "../../cache/cache-directory.ts";
import { PathBuffer } from "../../fs/native/path-buffer.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { examineEitherObject } from "../../objects/examine-either-object.ts";
import { hasObject } from "../../objects/object-attributes.ts";

const SAMPLE_FILES = 16;

const object = new PathBuffer();

/** Whether the first file could be linked, or none needs to be: a quick guess at `looksLinkable`. */
export function isFirstLinkable(cache: CacheDirectory, manifest: Manifest): boolean {
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (hasObject(manifest, file)) return isUsable(cache, manifest, file);
  }
  return true;
}

/**
 * Whether an entry's files look as if all of them could be linked, so that packs need not be read. Only some are
 * examined; trying to link shows for certain.
 */
export function looksLinkable(cache: CacheDirectory, manifest: Manifest): boolean {
  const { fileCount } = manifest.counts;
  const step = Math.max(1, Math.floor(fileCount / SAMPLE_FILES));
  for (let file = 0; file < fileCount; file += step) {
    if (hasObject(manifest, file) && !isUsable(cache, manifest, file)) return false;
  }
  return true;
}

function isUsable(cache: CacheDirectory, manifest: Manifest, file: number): boolean {
  const state = examineEitherObject(object, cache.objects, manifest, file);
  return state === "whole" || state === "altered";
}
