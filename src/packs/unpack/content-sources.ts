import { compileLightly } from "../../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, digestAt } from "../../base/digest.ts";
import { viewWords } from "../../base/words.ts";
import { at, type Manifest } from "../../manifest/manifest.ts";
import { nameObject, twinOf } from "../../objects/object-name.ts";
import { lookUpContent, NOT_FOUND } from "../contents/content-table.ts";
import type { PackContents } from "../contents/pack-contents.ts";

/**
 * Where each of a manifest's files comes from, as one number per file, in memory shared between threads: one content
 * of a pack, several (the chunks of a large file), or no pack.
 */
export type ContentSources = Int32Array;

const WORDS_PER_DIGEST = DIGEST_SIZE_BYTES / 4;

const NO_PACK = 0;
const SEVERAL_CONTENTS = -1;

export function isPacked(sources: ContentSources, file: number): boolean {
  return sources[file] !== NO_PACK;
}

export function hasSeveralContents(sources: ContentSources, file: number): boolean {
  return sources[file] === SEVERAL_CONTENTS;
}

/** The number of a file's only content. */
export function onlyContentOf(sources: ContentSources, file: number): number {
  return at(sources, file) - 1;
}

/**
 * Finds the files whose contents are in packs.
 * @param isWanted false for files that come from elsewhere; undefined if all are wanted
 */
export function findContentSources(
  manifest: Manifest,
  packs: PackContents,
  isWanted: ((file: number) => boolean) | undefined,
): ContentSources {
  const { fileSizes, fileDigests } = manifest;
  const sources = new Int32Array(new SharedArrayBuffer(fileSizes.length * 4));
  const words = viewWords(fileDigests);
  for (let file = 0; file < fileSizes.length; file++) {
    const sizeBytes = at(fileSizes, file);
    // An empty file has no content.
    if (sizeBytes === 0 || (isWanted !== undefined && !isWanted(file))) continue;
    if (sizeBytes <= CHUNK_SIZE_BYTES) {
      const content = lookUpContent(packs.table, words, file * WORDS_PER_DIGEST);
      if (content !== NOT_FOUND) sources[file] = content + 1;
    } else if (packs.findChunks(digestAt(fileDigests, file), sizeBytes) !== undefined) {
      sources[file] = SEVERAL_CONTENTS;
    }
  }
  return sources;
}

/** Whether the contents of all files are in packs. */
export function hasAllContents(manifest: Manifest, sources: ContentSources): boolean {
  const { fileSizes } = manifest;
  for (let file = 0; file < fileSizes.length; file++) {
    if (sources[file] === NO_PACK && fileSizes[file] !== 0) return false;
  }
  return true;
}

/** For `findContentSources`: wants files that have no object among `objectNames`. */
export function lacksObject(
  manifest: Manifest,
  objectNames: ReadonlySet<string>,
): ((file: number) => boolean) | undefined {
  if (objectNames.size === 0) return undefined;
  return (file) => {
    const name = nameObject(manifest, file);
    return !objectNames.has(name) && !objectNames.has(twinOf(name));
  };
}

compileLightly(findContentSources, hasAllContents, hasSeveralContents, isPacked, onlyContentOf);
