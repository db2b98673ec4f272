import { compileLightly } from "../../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, digestAt } from "../../base/digest.ts";
import { at, type Manifest } from "../../manifest/manifest.ts";
import { hasObject } from "../../objects/object-attributes.ts";
import { nameObject, twinOf } from "../../objects/object-name.ts";
import { NOT_FOUND } from "../contents/content-table.ts";
import type { PackContents } from "../contents/pack-contents.ts";

/**
 * Where each of a manifest's files comes from, as one number per file, in memory shared between threads: one content
 * of a pack, several (the chunks of a large file), or no pack.
 */
export type ContentSources = Int32Array;

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

function noteOnlyContent(sources: ContentSources, file: number, content: number): void {
  sources[file] = content + 1;
}

/** Finds the files whose contents are in packs. @param isWanted false for files that come from elsewhere */
export function findContentSources(
  manifest: Manifest,
  packs: PackContents,
  isWanted: (file: number) => boolean,
): ContentSources {
  const sources = new Int32Array(new SharedArrayBuffer(manifest.counts.fileCount * 4));
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (!hasObject(manifest, file) || !isWanted(file)) continue;
    const sizeBytes = at(manifest.fileSizes, file);
    if (sizeBytes <= CHUNK_SIZE_BYTES) {
      const content = packs.findSmall(manifest.fileDigests, file * DIGEST_SIZE_BYTES);
      if (content !== NOT_FOUND) noteOnlyContent(sources, file, content);
    } else if (packs.findChunks(digestAt(manifest.fileDigests, file), sizeBytes) !== undefined) {
      sources[file] = SEVERAL_CONTENTS;
    }
  }
  return sources;
}

/** Whether the contents of all files are in packs. */
export function hasAllContents(manifest: Manifest, sources: ContentSources): boolean {
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (hasObject(manifest, file) && !isPacked(sources, file)) return false;
  }
  return true;
}

/** For `findContentSources`: wants files that have no object among `objectNames`. */
export function lacksObject(manifest: Manifest, objectNames: ReadonlySet<string>): (file: number) => boolean {
  if (objectNames.size === 0) return () => true;
  return (file) => {
    const name = nameObject(manifest, file);
    return !objectNames.has(name) && !objectNames.has(twinOf(name));
  };
}

compileLightly(
  findContentSources,
  hasAllContents,
  hasSeveralContents,
  isPacked,
  noteOnlyContent,
  onlyContentOf,
);
