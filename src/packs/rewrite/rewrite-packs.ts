/**
 * Moves what is needed from old packs to a new one, where small blocks become larger ones. Blocks that are damaged or
 * cannot be read do not keep anything else from being rewritten.
 */

import { DEFAULT_COMPRESSION } from "../../base/compression.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import type { Session } from "../../cache/session.ts";
import { at } from "../../manifest/manifest.ts";
import type { Runner } from "../../work/job.ts";
import { runAll } from "../../work/run-all.ts";
import type { PackContents } from "../contents/pack-contents.ts";
import { packFilePath } from "../contents/pack-directory.ts";
import type { StoredPack } from "../contents/read-pack.ts";
import { findCodec, LARGEST_BLOCK_BYTES } from "../format/block-codec.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";
import { PackWriter } from "../write/pack-writer.ts";
import {
  type BlockToRewrite,
  measureKept,
  type RewriteBlocksInput,
  rewriteBlocksJob,
} from "./rewrite-blocks.ts";

/** What is needed from a pack, by the numbers in its index. */
export interface LiveItems {
  readonly pack: number;
  readonly name: string;
  readonly contents: readonly number[];
  readonly larges: readonly number[];
}

export interface RewrittenPacks {
  /** Contains what was rewritten, and has no name yet; the caller closes it. */
  readonly writer: PackWriter;
  /** Blocks that were read and found damaged. */
  readonly damagedBlocks: readonly { readonly pack: string; readonly block: number }[];
  /** Packs that could not be read completely this time, or are gone. */
  readonly incompletePacks: readonly string[];
}

/**
 * Writes what is needed from some packs into a new one. The old ones stay. @throws BtdtError CANCELLED, a `node:fs`
 * error: the pack cannot be written
 */
export async function rewritePacks(
  cache: CacheDirectory,
  session: Session,
  packs: PackContents,
  rewritten: readonly LiveItems[],
  runner: Runner,
): Promise<RewrittenPacks> {
  const writer = new PackWriter(session.temporaryPath(), DEFAULT_COMPRESSION, cache.access);
  try {
    const blocks: BlockToRewrite[] = [];
    for (const live of rewritten) {
      const stored = packs.packs[live.pack];
      if (stored === undefined) continue;
      for (const block of listLiveBlocks(cache, stored, live)) blocks.push(block);
      addChunkLists(writer, stored, live);
    }
    const parts = await runAll(runner, rewriteBlocksJob, groupBlocks(blocks, writer), (part) => part);
    for (const { written } of parts) writer.addBlocks(written);
    const problems = parts.flatMap((part) => part.problems);
    return {
      writer,
      damagedBlocks: problems.filter(({ problem }) => problem.kind === "damaged"),
      incompletePacks: [
        ...new Set(problems.flatMap(({ pack, problem }) => (problem.kind === "damaged" ? [] : [pack]))),
      ],
    };
  } catch (error) {
    writer.close();
    throw error;
  }
}

function addChunkLists(writer: PackWriter, { index }: StoredPack, live: LiveItems): void {
  for (const large of live.larges) {
    writer.addLarge({
      sizeBytes: at(index.largeSizes, large),
      digest: index.largeDigestAt(large),
      chunkDigests: index.chunkDigestsOf(large),
    });
  }
}

function listLiveBlocks(
  cache: CacheDirectory,
  { name, index }: StoredPack,
  live: LiveItems,
): BlockToRewrite[] {
  const pack = { name, path: packFilePath(cache, name), nonce: index.nonce.slice() };
  const isLive = new Uint8Array(index.counts.contentCount);
  for (const content of live.contents) isLive[content] = 1;
  const blocks: BlockToRewrite[] = [];
  for (let number = 0; number < index.counts.blockCount; number++) {
    const [first, end] = [index.firstContentOf(number), at(index.blockContentEnds, number)];
    const kept = isLive.slice(first, end);
    if (!kept.includes(1)) continue;
    blocks.push({
      pack,
      number,
      block: index.storedBlock(number),
      contentSizes: index.contentSizes.slice(first, end),
      contentIds: index.contentIds.slice(first * CONTENT_ID_BYTES, end * CONTENT_ID_BYTES),
      kept,
    });
  }
  return blocks;
}

/** A job for each new block. Only blocks of one codec come together. */
function groupBlocks(blocks: readonly BlockToRewrite[], { target }: PackWriter): RewriteBlocksInput[] {
  const parts: RewriteBlocksInput[] = [];
  let group: BlockToRewrite[] = [];
  let keptBytes = 0;
  const close = (): void => {
    const [first] = group;
    if (first === undefined) return;
    // What was uncompressed did not shrink; what was compressed stays readable by everyone who could read it before.
    const compression = { ...target.compression, codec: findCodec(first.block.codecNumber) };
    parts.push({ blocks: group, target: { ...target, compression } });
    group = [];
    keptBytes = 0;
  };
  const byCodec = blocks.toSorted((left, right) => left.block.codecNumber - right.block.codecNumber);
  for (const block of byCodec) {
    const blockBytes = measureKept(block);
    const isOther = group[0] !== undefined && group[0].block.codecNumber !== block.block.codecNumber;
    if (isOther || keptBytes + blockBytes > LARGEST_BLOCK_BYTES) close();
    group.push(block);
    keptBytes += blockBytes;
  }
  close();
  return parts;
}
