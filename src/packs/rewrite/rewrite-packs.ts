import { closeSync, constants, openSync } from "node:fs";
import { fsPath } from "../../base/byte-string.ts";
import { DEFAULT_COMPRESSION } from "../../base/compression.ts";
import { DIGEST_SIZE_BYTES } from "../../base/digest.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import type { Session } from "../../cache/session.ts";
import { at } from "../../manifest/manifest.ts";
import type { Runner } from "../../work/job.ts";
import { runAll } from "../../work/run-all.ts";
import { contentTable } from "../contents/content-table.ts";
import type { PackContents } from "../contents/pack-contents.ts";
import { packFilePath } from "../contents/pack-directory.ts";
import { codecOf } from "../format/block-codec.ts";
import { CONTENT_ID_BYTES, PACK_HEADER_BYTES, type PackIndex } from "../format/pack-index.ts";
import { heldContents } from "../write/held-contents.ts";
import { PackWriter } from "../write/pack-writer.ts";
import { type RewriteBlockInput, rewriteBlockJob } from "./rewrite-block.ts";

/** What is needed of a pack, by the numbers of its index. */
export interface LiveItems {
  readonly pack: number;
  readonly name: string;
  readonly contents: readonly number[];
  readonly larges: readonly number[];
}

/**
 * Writes what is needed of some packs into one new one, which has no name yet. The old ones stay; the caller
 * closes the writer.
 * @throws BtdtError PACK_DAMAGED, a `node:fs` error
 */
export async function rewritePacks(
  cache: CacheDirectory,
  session: Session,
  packs: PackContents,
  rewritten: readonly LiveItems[],
  runner: Runner,
): Promise<PackWriter> {
  const held = heldContents(contentTable([]), cache.objects, []);
  const writer = PackWriter.create(session.temporaryPath(), DEFAULT_COMPRESSION, held);
  try {
    for (const live of rewritten) {
      const index = packs.packs[live.pack]?.index;
      if (index !== undefined) await rewritePack(cache, live, index, writer, runner);
    }
    return writer;
  } catch (error) {
    await writer.close();
    throw error;
  }
}

async function rewritePack(
  cache: CacheDirectory,
  live: LiveItems,
  index: PackIndex,
  writer: PackWriter,
  runner: Runner,
): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
  const descriptor = openSync(fsPath(packFilePath(cache, live.name)), flags);
  try {
    const blocks = blocksToRewrite(index, live, descriptor, writer);
    const parts = await runAll(runner, rewriteBlockJob, blocks, (block) => block);
    for (const part of parts) writer.addBlocks(part);
  } finally {
    closeSync(descriptor);
  }
  for (const large of live.larges) {
    writer.addLarge({
      sizeBytes: at(index.largeSizes, large),
      digest: index.largeDigests.subarray(large * DIGEST_SIZE_BYTES, (large + 1) * DIGEST_SIZE_BYTES),
      chunkDigests: index.chunkDigests.subarray(
        index.firstChunkOf(large) * DIGEST_SIZE_BYTES,
        at(index.largeChunkEnds, large) * DIGEST_SIZE_BYTES,
      ),
    });
  }
}

function blocksToRewrite(
  index: PackIndex,
  live: LiveItems,
  descriptor: number,
  writer: PackWriter,
): RewriteBlockInput[] {
  const isLive = new Uint8Array(index.counts.contentCount);
  for (const content of live.contents) isLive[content] = 1;
  const blocks: RewriteBlockInput[] = [];
  let offset = PACK_HEADER_BYTES;
  for (let block = 0; block < index.counts.blockCount; block++) {
    const [first, end] = [index.firstContentOf(block), at(index.blockContentEnds, block)];
    const storedBytes = at(index.blockStoredSizes, block);
    const codecNumber = at(index.blockCodecs, block);
    const kept = isLive.slice(first, end);
    if (kept.includes(1)) {
      const compression = { ...writer.target.compression, codec: codecOf(codecNumber) };
      blocks.push({
        descriptor,
        offset,
        storedBytes,
        contentBytes: index.blockContentBytes(block),
        codecNumber,
        checksum: index.blockChecksums[block] ?? 0n,
        contentSizes: index.contentSizes.slice(first, end),
        contentIds: index.contentIds.slice(first * CONTENT_ID_BYTES, end * CONTENT_ID_BYTES),
        kept,
        // What was kept raw did not compress; what was compressed stays readable by whoever could read it before.
        target: { ...writer.target, compression },
      });
    }
    offset += storedBytes;
  }
  return blocks;
}
