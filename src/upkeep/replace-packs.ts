import type { CacheDirectory } from "../cache/cache-directory.ts";

import type { Session } from "../cache/session.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { findContent, NOT_FOUND } from "../packs/contents/content-table.ts";
import { deletePack, publishPack } from "../packs/contents/pack-directory.ts";
import { CONTENT_ID_BYTES } from "../packs/format/index-layout.ts";
import type { FinishedPack, PackWriter } from "../packs/write/pack-writer.ts";

/** A new, unpublished pack, and the packs that it replaces. */
export interface Replacement {
  readonly writer: PackWriter;
  readonly finished: FinishedPack;
  readonly replacedNames: ReadonlySet<string>;
}

/**
 * Publishes a new pack and removes each old one of which everything that is needed now is in the new one. Call it
 * under the cache's exclusive lock, after taking stock again: writing the new pack took time.
 * @returns whether any pack was replaced
 * @throws a `node:fs` error
 */
export function replacePacks(
  cache: CacheDirectory,
  session: Session,
  { writer, finished, replacedNames }: Replacement,
  now: Inventory,
  unneededItems: readonly number[],
): boolean {
  const names = findReplaceable(writer, now, unneededItems, replacedNames);
  if (names.length === 0) return false;
  publishPack(cache, finished.directory, finished.name);
  for (const name of names) deletePack(cache, session, name);
  return true;
}

function findReplaceable(
  writer: PackWriter,
  { packs, items }: Pick<Inventory, "packs" | "items">,
  unneededItems: readonly number[],
  candidates: ReadonlySet<string>,
): string[] {
  const isUnneeded = new Uint8Array(items.count);
  for (const item of unneededItems) isUnneeded[item] = 1;
  const written = writer.contents();
  return packs.packs
    .filter(({ name, index }, pack) => {
      if (!candidates.has(name)) return false;
      for (let content = 0; content < index.counts.contentCount; content++) {
        if (isUnneeded[items.itemOfContent(packs.firstContentOf(pack) + content)] !== 0) continue;
        if (findContent(written, index.contentIds, content * CONTENT_ID_BYTES) === NOT_FOUND) return false;
      }
      for (let large = 0; large < index.counts.largeCount; large++) {
        if (isUnneeded[items.itemOfChunkList(pack, large)] !== 0) continue;
        if (writer.chunkDigestsOf(index.largeDigestAt(large)) === undefined) return false;
      }
      return true;
    })
    .map(({ name }) => name);
}
