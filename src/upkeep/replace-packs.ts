import { DIGEST_SIZE_BYTES, hexOf } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-directory.ts";
import type { Session } from "../cache/session.ts";
import { errnoOf } from "../fs/errno.ts";
import { PackItems } from "../inventory/pack-items.ts";
import type { CollectedContents } from "../inventory/take-stock.ts";
import { findContent } from "../packs/contents/content-table.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";
import { publishPack, removePack } from "../packs/contents/pack-directory.ts";
import { CONTENT_ID_BYTES } from "../packs/format/pack-index.ts";
import { type LiveItems, rewritePacks } from "../packs/rewrite/rewrite-packs.ts";
import type { PackWriter } from "../packs/write/pack-writer.ts";
import type { Runtime } from "../work/runtime.ts";

/** Is handed what the cache holds and what of it nothing needs, as of now, under the exclusive lock. */
type Replace = (now: CollectedContents, needless: readonly number[]) => void;

/**
 * Puts a new pack in the place of old ones. Writing it takes time and no lock; only then, with stores kept from announcing anything
 * new, it is compared with what is needed by now: an old pack goes when all that is needed of it is in the new one.
 * @param underLock takes the lock, takes stock again and calls back
 * @returns whether any pack was replaced
 * @throws BtdtError
 */
export async function replacePacks(
  cache: CacheDirectory,
  session: Session,
  packs: PackContents,
  rewritten: readonly LiveItems[],
  runtime: Runtime,
  underLock: (replace: Replace) => Promise<void>,
): Promise<boolean> {
  let writer: PackWriter | undefined;
  let isDone = false;
  try {
    runtime.progress.begin({ name: "rewriting packs", unit: "bytes", bytes: bytesOf(packs, rewritten) });
    writer = await rewritePacks(cache, session, packs, rewritten, runtime.runners.pool);
    const finished = writer.finish(() => true);
    if (finished === undefined || runtime.isCancelled()) return false;
    const written = writer;
    await underLock((now, needless) => {
      const names = replaceable(written, now, needless, new Set(rewritten.map(({ name }) => name)));
      if (names.length === 0) return;
      publishPack(cache, finished.directory, finished.name);
      for (const name of names) removePack(cache, session, name);
      isDone = true;
    });
    return isDone;
  } catch (error) {
    // The old packs are still there. A damaged one is for restore to find: it knows which entry it is about.
    if (isBtdtError(error, "PACK_DAMAGED") || errnoOf(error) === "ENOENT") {
      runtime.onWarning("could not rewrite a pack: part of it is damaged or missing");
      return false;
    }
    throw cacheWriteError(cache, error);
  } finally {
    await writer?.close();
  }
}

/** What is needed of some packs. */
function bytesOf(packs: PackContents, rewritten: readonly LiveItems[]): number {
  let bytes = 0;
  for (const { pack, contents } of rewritten) {
    const sizes = packs.packs[pack]?.index.contentSizes;
    for (const content of contents) bytes += sizes?.[content] ?? 0;
  }
  return bytes;
}

function replaceable(
  writer: PackWriter,
  { packs, objectCount }: CollectedContents,
  needless: readonly number[],
  candidates: ReadonlySet<string>,
): string[] {
  const items = new PackItems(packs, objectCount);
  const isNeedless = new Uint8Array(items.itemCount);
  for (const item of needless) isNeedless[item] = 1;
  const written = writer.contents();
  return packs.packs
    .filter(({ name, index }, pack) => {
      if (!candidates.has(name)) return false;
      for (let content = 0; content < index.counts.contentCount; content++) {
        if (isNeedless[items.itemOfContent(packs.firstContentOf(pack) + content)] !== 0) continue;
        if (findContent(written, index.contentIds, content * CONTENT_ID_BYTES) < 0) return false;
      }
      for (let large = 0; large < index.counts.largeCount; large++) {
        if (isNeedless[items.itemOfLarge(pack, large)] !== 0) continue;
        const digest = index.largeDigests.subarray(
          large * DIGEST_SIZE_BYTES,
          (large + 1) * DIGEST_SIZE_BYTES,
        );
        if (writer.chunksOf(hexOf(digest)) === undefined) return false;
      }
      return true;
    })
    .map(({ name }) => name);
}
