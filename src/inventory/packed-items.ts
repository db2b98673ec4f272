import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, digestAt } from "../base/digest.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { NOT_FOUND } from "../packs/contents/content-table.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";
import type { ItemCollector } from "./item-collector.ts";
import type { Items } from "./items.ts";

/**
 * Adds what packs have of a file's contents; false if they lack some of it. What they have is needed all the same: the
 * store whose intent this is may have found the rest missing, and be about to add it.
 */
export function addPacked(
  manifest: Manifest,
  file: number,
  packs: PackContents,
  items: Items,
  into: ItemCollector,
): boolean {
  const offset = file * DIGEST_SIZE_BYTES;
  const sizeBytes = at(manifest.fileSizes, file);
  if (sizeBytes <= CHUNK_SIZE_BYTES) {
    const content = packs.findSmall(manifest.fileDigests, offset);
    if (content !== NOT_FOUND) into.add(items.itemOfContent(content));
    return content !== NOT_FOUND;
  }
  const digest = digestAt(manifest.fileDigests, file);
  const [list, chunks] = [packs.largePlaceOf(digest), packs.findKnownChunks(digest, sizeBytes)];
  if (list === undefined || chunks === undefined) return false;
  into.add(items.itemOfChunkList(list.pack, list.large));
  for (const chunk of chunks) if (chunk !== NOT_FOUND) into.add(items.itemOfContent(chunk));
  return !chunks.includes(NOT_FOUND);
}
