import type { CacheDirectory } from "../cache/cache-directory.ts";
import { at } from "../manifest/manifest.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";
import { packFilePath } from "../packs/contents/pack-directory.ts";
import {
  describeStoredBlock,
  type VerifyBlocksInput,
  verifyBlocksJob,
} from "../packs/contents/verify-blocks.ts";
import type { Runner } from "../work/job.ts";
import { runAll } from "../work/run-all.ts";
import { blockKey, type ContentState } from "./content-state.ts";

const BATCH_BLOCKS = 4;

/** The blocks that contain a wanted content, divided into jobs, without those known to be damaged. */
export function selectBlocks(
  cache: CacheDirectory,
  packs: PackContents,
  isWanted: (content: number) => boolean,
  isKnown: (blockKey: string) => boolean,
): VerifyBlocksInput[] {
  const inputs: VerifyBlocksInput[] = [];
  for (const [pack, { name, index, damagedBlocks }] of packs.packs.entries()) {
    const wanted: number[] = [];
    for (let block = 0; block < index.counts.blockCount; block++) {
      if (damagedBlocks.has(block) || isKnown(blockKey(name, block))) continue;
      const first = packs.firstContentOf(pack);
      const end = first + at(index.blockContentEnds, block);
      let content = first + index.firstContentOf(block);
      while (content < end && !isWanted(content)) content += 1;
      if (content < end) wanted.push(block);
    }
    const path = packFilePath(cache, name);
    for (let start = 0; start < wanted.length; start += BATCH_BLOCKS) {
      const blocks = wanted
        .slice(start, start + BATCH_BLOCKS)
        .map((block) => describeStoredBlock(index, block));
      inputs.push({ packName: name, path, nonce: index.nonce, blocks });
    }
  }
  return inputs;
}

/** Reads blocks on all threads; returns results by `blockKey`. @throws BtdtError CANCELLED */
export async function verifyBlocks(
  inputs: readonly VerifyBlocksInput[],
  runner: Runner,
): Promise<Map<string, ContentState>> {
  const states = new Map<string, ContentState>();
  const outputs = await runAll(runner, verifyBlocksJob, inputs, (input) => input);
  for (const [index, { pack, damaged, unreadable }] of outputs.entries()) {
    const { packName, blocks } = inputs[index] ?? { packName: "", blocks: [] };
    for (const { number } of blocks) states.set(blockKey(packName, number), pack === "open" ? "sound" : pack);
    for (const block of damaged) states.set(blockKey(packName, block), "damaged");
    for (const block of unreadable) states.set(blockKey(packName, block), "unreadable");
  }
  return states;
}
