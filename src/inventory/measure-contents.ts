import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { at } from "../manifest/manifest.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";

/** The disk space that each content of all packs takes, and then each list of chunks. */
export function* measureContents({ packs }: PackContents): Generator<number> {
  for (const { index } of packs) {
    for (let block = 0; block < index.counts.blockCount; block++) {
      const ratio = at(index.blockStoredSizes, block) / index.blockContentBytes(block);
      const end = at(index.blockContentEnds, block);
      for (let content = index.firstContentOf(block); content < end; content++) {
        yield at(index.contentSizes, content) * ratio;
      }
    }
  }
  for (const { index } of packs) {
    for (let large = 0; large < index.counts.largeCount; large++) {
      yield (at(index.largeChunkEnds, large) - index.firstChunkOf(large)) * DIGEST_SIZE_BYTES;
    }
  }
}
