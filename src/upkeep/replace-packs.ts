import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-directory.ts";
import type { Session } from "../cache/session.ts";
import { PackItems } from "../inventory/pack-items.ts";
import type { CollectedContents } from "../inventory/take-stock.ts";
import { findContent, NOT_FOUND } from "../packs/contents/content-table.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";
import { deletePack, markDamagedBlock, publishPack } from "../packs/contents/pack-directory.ts";
import { CONTENT_ID_BYTES } from "../packs/format/index-layout.ts";
import { type LiveItems, type RewrittenPacks, rewritePacks } from "../packs/rewrite/rewrite-packs.ts";
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
    const result = await rewritePacks(cache, session, packs, rewritten, runtime.runners.pool);
    writer = result.writer;
    noteProblems(cache, result, runtime);
    const finished = writer.finish(() => true);
    if (finished === undefined || runtime.isCancelled()) return false;
    const written = writer;
    await underLock((now, needless) => {
      const names = replaceable(written, now, needless, new Set(rewritten.map(({ name }) => name)));
      if (names.length === 0) return;
      publishPack(cache, finished.directory, finished.name);
      for (const name of names) deletePack(cache, session, name);
      isDone = true;
    });
    return isDone;
  } catch (error) {
    throw cacheWriteError(cache, error);
  } finally {
    writer?.close();
  }
}

/** The packs concerned stay; of a damaged block nothing counts as there any more. */
function noteProblems(
  cache: CacheDirectory,
  { damagedBlocks, incompletePacks }: RewrittenPacks,
  runtime: Runtime,
): void {
  for (const { pack, block } of damagedBlocks) {
    runtime.onWarning(`block ${block} of pack ${pack} is damaged`);
    markDamagedBlock(cache, pack, block);
  }
  for (const pack of incompletePacks) runtime.onWarning(`pack ${pack} could not be read, and is kept`);
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
        if (findContent(written, index.contentIds, content * CONTENT_ID_BYTES) === NOT_FOUND) return false;
      }
      for (let large = 0; large < index.counts.largeCount; large++) {
        if (isNeedless[items.itemOfLarge(pack, large)] !== 0) continue;
        if (writer.chunkDigestsOf(index.largeDigestAt(large)) === undefined) return false;
      }
      return true;
    })
    .map(({ name }) => name);
}
