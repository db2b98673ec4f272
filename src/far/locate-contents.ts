import { compileLightly } from "../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, digestAt } from "../base/digest.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { hasObject } from "../objects/object-attributes.ts";
import { type ContentTable, findContent, NOT_FOUND } from "../packs/contents/content-table.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";

/** The contents of a pack that is being written. */
export interface OwnContents {
  readonly table: ContentTable;
  chunkDigestsOf(largeDigest: Uint8Array): Uint8Array | undefined;
}

/** Where the contents of a tree are. */
export interface LocatedContents {
  /** By the number of each pack: the bytes of the tree's contents that come from it. */
  readonly usedBytes: Map<number, number>;
  /** Files with contents that are nowhere. */
  readonly missing: number[];
}

/**
 * Looks for the contents of a tree, first in the pack that is being written, then in those that exist; for lists of
 * chunks, the other way round.
 */
export function locateContents(
  manifest: Manifest,
  own: OwnContents | undefined,
  held: PackContents,
): LocatedContents {
  const located: LocatedContents = { usedBytes: new Map(), missing: [] };
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (hasObject(manifest, file) && !locateFile(manifest, file, own, held, located.usedBytes)) {
      located.missing.push(file);
    }
  }
  return located;
}

function locateFile(
  manifest: Manifest,
  file: number,
  own: OwnContents | undefined,
  held: PackContents,
  usedBytes: Map<number, number>,
): boolean {
  const sizeBytes = at(manifest.fileSizes, file);
  if (sizeBytes <= CHUNK_SIZE_BYTES) {
    return locateContent(manifest.fileDigests, file * DIGEST_SIZE_BYTES, sizeBytes, own, held, usedBytes);
  }
  const digest = digestAt(manifest.fileDigests, file);
  const chunks = listHeldChunks(digest, held, usedBytes) ?? own?.chunkDigestsOf(digest);
  if (chunks === undefined) return false;
  let isLocated = true;
  for (let offset = 0, rest = sizeBytes; offset < chunks.length; offset += DIGEST_SIZE_BYTES) {
    const chunkBytes = Math.min(CHUNK_SIZE_BYTES, rest);
    rest -= chunkBytes;
    isLocated &&= locateContent(chunks, offset, chunkBytes, own, held, usedBytes);
  }
  return isLocated;
}

/** The pack with the list is needed, too. */
function listHeldChunks(
  digest: Uint8Array,
  held: PackContents,
  usedBytes: Map<number, number>,
): Uint8Array | undefined {
  const place = held.largePlaceOf(digest);
  if (place === undefined) return undefined;
  addTo(usedBytes, place.pack, 1);
  return held.chunkDigestsOf(digest);
}

function locateContent(
  digests: Uint8Array,
  offset: number,
  sizeBytes: number,
  own: OwnContents | undefined,
  held: PackContents,
  usedBytes: Map<number, number>,
): boolean {
  if (own !== undefined && findContent(own.table, digests, offset) !== NOT_FOUND) return true;
  const content = findContent(held.table, digests, offset);
  if (content === NOT_FOUND) return false;
  addTo(usedBytes, held.placeOf(content).pack, sizeBytes);
  return true;
}

function addTo(sums: Map<number, number>, key: number, summand: number): void {
  sums.set(key, (sums.get(key) ?? 0) + summand);
}

compileLightly(locateContents, locateFile, locateContent, addTo);
