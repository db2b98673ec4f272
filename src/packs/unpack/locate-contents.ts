import type { CacheDirectory } from "../../cache/cache-directory.ts";
import { emptyStatus, lstatBuffer } from "../../fs/native/file-status.ts";
import { PathBuffer } from "../../fs/native/path-buffer.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { listObjectNames } from "../../objects/list-objects.ts";
import { hasObject } from "../../objects/object-attributes.ts";
import { nameObject } from "../../objects/object-name.ts";
import { locateObject } from "../../objects/object-path.ts";
import { PackContents } from "../contents/pack-contents.ts";
import { packNames } from "../contents/pack-directory.ts";
import { findPackedContents } from "./unpack-plan.ts";
import { OpenPacks, type PackedFilesOfEntry } from "./unpack-tree.ts";

const SAMPLE_FILES = 16;
const MOST_ATTEMPTS = 5;

/**
 * Finds out which files of an entry come from packs; undefined when none does. The packs are to be closed.
 * @param distrusted files whose objects are known to be of no use
 * @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error
 */
export function openPacksOf(
  cache: CacheDirectory,
  manifest: Manifest,
  distrusted: ReadonlySet<number> = new Set(),
): PackedFilesOfEntry | undefined {
  if (packNames(cache).length === 0) return undefined;
  const objectNames = listObjectNames(cache.objects);
  for (const file of distrusted) objectNames.delete(nameObject(manifest, file));
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const packs = OpenPacks.open(cache, PackContents.load(cache));
    // A clean has removed one meanwhile, and perhaps put another in its place.
    if (packs === undefined) continue;
    const contentOfFile = findPackedContents(manifest, packs.contents, objectNames);
    if (contentOfFile.some((content) => content !== 0)) return { packs, contentOfFile };
    packs.close();
    return undefined;
  }
  return undefined;
}

const object = new PathBuffer();
const status = emptyStatus();

/**
 * Whether an entry's files look as if they could all be linked, so that packs need not be looked at: asked of a few of them,
 * to be found out for certain by trying.
 */
export function looksLinkable(cache: CacheDirectory, manifest: Manifest): boolean {
  const { fileCount } = manifest.counts;
  const step = Math.max(1, Math.floor(fileCount / SAMPLE_FILES));
  for (let file = 0; file < fileCount; file += step) {
    if (!hasObject(manifest, file)) continue;
    object.set(locateObject(cache.objects, manifest, file));
    if (!lstatBuffer(object, status)) return false;
  }
  return true;
}
