/**
 * Moves what is needed from old packs to a new one. Blocks that are damaged or cannot be read do not keep anything
 * else from being rewritten.
 */

import { closeSync } from "node:fs";
import { DEFAULT_COMPRESSION } from "../../base/compression.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import type { Session } from "../../cache/session.ts";
import { at } from "../../manifest/manifest.ts";
import type { Runner } from "../../work/job.ts";
import { runAll } from "../../work/run-all.ts";
import { openPack } from "../contents/open-pack.ts";
import type { PackContents } from "../contents/pack-contents.ts";
import { packFilePath } from "../contents/pack-directory.ts";
import { findCodec } from "../format/block-codec.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";
import { type PackIndex } from "../format/pack-index.ts";
import { PackWriter } from "../write/pack-writer.ts";
import { type RewriteBlockInput, rewriteBlockJob } from "./rewrite-block.ts";

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
  const writer = PackWriter.create(session.temporaryPath(), DEFAULT_COMPRESSION);
  const damagedBlocks: { readonly pack: string; readonly block: number }[] = [];
  const incompletePacks: string[] = [];
  try {
    for (const live of rewritten) {
      const index = packs.packs[live.pack]?.index;
      if (index === undefined) continue;
      const result = await rewritePack(cache, live, index, writer, runner);
      damagedBlocks.push(...result.damagedBlocks.map((block) => ({ pack: live.name, block })));
      if (!result.isComplete) incompletePacks.push(live.name);
    }
    return { writer, damagedBlocks, incompletePacks };
  } catch (error) {
    writer.close();
    throw error;
  }
}

async function rewritePack(
  cache: CacheDirectory,
  live: LiveItems,
  index: PackIndex,
  writer: PackWriter,
  runner: Runner,
): Promise<{ readonly damagedBlocks: readonly number[]; readonly isComplete: boolean }> {
  const opened = openPack(packFilePath(cache, live.name), index.nonce);
  if (opened.kind !== "open") return { damagedBlocks: [], isComplete: false };
  const damagedBlocks: number[] = [];
  let isComplete = true;
  try {
    const blocks = listLiveBlocks(index, live, opened.descriptor, writer);
    const parts = await runAll(runner, rewriteBlockJob, blocks, (block) => block);
    for (const [position, { blocks: written, problem }] of parts.entries()) {
      writer.addBlocks(written);
      if (problem === "damaged") damagedBlocks.push(blocks[position]?.number ?? 0);
      if (problem === "unreadable") isComplete = false;
    }
  } finally {
    closeSync(opened.descriptor);
  }
  for (const large of live.larges) {
    writer.addLarge({
      sizeBytes: at(index.largeSizes, large),
      digest: index.largeDigestAt(large),
      chunkDigests: index.chunkDigestsOf(large),
    });
  }
  return { damagedBlocks, isComplete };
}

function listLiveBlocks(
  index: PackIndex,
  live: LiveItems,
  descriptor: number,
  { target }: PackWriter,
): RewriteBlockInput[] {
  const isLive = new Uint8Array(index.counts.contentCount);
  for (const content of live.contents) isLive[content] = 1;
  const blocks: RewriteBlockInput[] = [];
  for (let number = 0; number < index.counts.blockCount; number++) {
    const [first, end] = [index.firstContentOf(number), at(index.blockContentEnds, number)];
    const kept = isLive.slice(first, end);
    if (!kept.includes(1)) continue;
    const block = index.storedBlock(number);
    const compression = { ...target.compression, codec: findCodec(block.codecNumber) };
    blocks.push({
      descriptor,
      number,
      block,
      contentSizes: index.contentSizes.slice(first, end),
      contentIds: index.contentIds.slice(first * CONTENT_ID_BYTES, end * CONTENT_ID_BYTES),
      kept,
      // What was uncompressed did not shrink; what was compressed stays readable by everyone who could read it
      // before.
      target: { ...target, compression },
    });
  }
  return blocks;
}
