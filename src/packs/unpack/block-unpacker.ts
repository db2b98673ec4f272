import type { ByteString } from "../../base/byte-string.ts";
import { compileLightly, compileMethodsLightly } from "../../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES } from "../../base/digest.ts";
import { PinnedBuffer } from "../../fs/native/pinned-buffer.ts";
import { at, type Manifest } from "../../manifest/manifest.ts";
import type { PackProblem } from "../contents/open-pack.ts";
import { type BlockRead, readBlock } from "../contents/read-block.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";
import type { PackAccess } from "./open-ahead.ts";
import type { FetchedBlocks } from "./remote-packs.ts";
import { contentAt, filesBetween, itemAt, type UnpackItems } from "./unpack-items.ts";
import type { BlockToUnpack, UnpackPart } from "./unpack-plan.ts";
import { UnpackedFileWriter } from "./unpacked-file-writer.ts";

export interface UnpackBlocksInput extends UnpackPart {
  readonly access: PackAccess | FetchedBlocks | PackProblem;
  readonly payload: Uint8Array;
  readonly items: UnpackItems;
  /** Where the tree is built; its directories exist, and its large files, still empty. */
  readonly staging: ByteString;
  readonly umask: number;
  /** The objects directory, if what is written should become objects as well. */
  readonly adoptInto: ByteString | undefined;
  /** Non-zero for each file that must not share its inode. */
  readonly sharing: Uint8Array;
  /** One word, shared by all jobs: non-zero once something was found that cannot be restored. */
  readonly damageFlag: Int32Array;
}

export interface UnpackedBlocks {
  readonly fileCount: number;
  readonly contentBytes: number;
  readonly problems: readonly { readonly file: number; readonly problem: PackProblem }[];
  /** Blocks of the part's pack that were read, but do not match the index or the digests of their contents. */
  readonly damagedBlocks: readonly number[];
  /** Where another job goes on, if it is not the end of the part. */
  readonly nextPlace: number;
}

/** Unpacks the blocks of one part, one after the other. */
export class BlockUnpacker {
  readonly result = {
    fileCount: 0,
    contentBytes: 0,
    problems: [] as { file: number; problem: PackProblem }[],
    damagedBlocks: [] as number[],
  };
  private readonly manifest: Manifest;
  private readonly input: UnpackBlocksInput;
  private readonly hasEnough: () => boolean;
  private readonly files: UnpackedFileWriter;

  /** @param hasEnough asked before each file but the first of a block: true to leave the rest to another job */
  constructor(manifest: Manifest, input: UnpackBlocksInput, hasEnough: () => boolean) {
    this.manifest = manifest;
    this.input = input;
    this.hasEnough = hasEnough;
    this.files = new UnpackedFileWriter(manifest, input);
  }

  /** Nothing in the pack can be read. A missing pack is not damage: its contents may be in another one by now. */
  fail(problem: PackProblem): UnpackedBlocks {
    const { firstPlace, endPlace, blocks, damageFlag } = this.input;
    if (problem.kind !== "gone") Atomics.store(damageFlag, 0, 1);
    if (problem.kind === "damaged") this.result.damagedBlocks.push(...blocks.map(({ block }) => block));
    this.failFiles(firstPlace, endPlace, problem);
    return { ...this.result, nextPlace: endPlace };
  }

  /**
   * Blocks are still checked after damage was found, so that all damage is found at once.
   * @returns where another job goes on, if it is not the end of the block
   */
  unpack(source: number | Uint8Array, block: BlockToUnpack, firstPlace: number): number {
    const read = readBlock(source, block);
    switch (read.kind) {
      case "whole": {
        const { isSound, nextPlace } = this.writeContents(read, block, firstPlace);
        if (!isSound) this.noteDamage(block);
        return nextPlace;
      }
      case "damaged":
        this.noteDamage(block);
        break;
      case "unreadable":
        Atomics.store(this.input.damageFlag, 0, 1);
    }
    this.failFiles(firstPlace, block.endPlace, read);
    return block.endPlace;
  }

  private noteDamage({ block }: BlockToUnpack): void {
    Atomics.store(this.input.damageFlag, 0, 1);
    this.result.damagedBlocks.push(block);
  }

  private failFiles(firstPlace: number, endPlace: number, problem: PackProblem): void {
    for (const file of filesBetween(this.input.items, firstPlace, endPlace)) {
      this.result.problems.push({ file, problem });
    }
  }

  /**
   * Not sound: the block is damaged. A file whose digest or size in the manifest does not match a sound content is not
   * its fault.
   */
  private writeContents(
    { content }: Extract<BlockRead, { kind: "whole" }>,
    { endPlace }: BlockToUnpack,
    firstPlace: number,
  ): { readonly isSound: boolean; readonly nextPlace: number } {
    const { items, damageFlag } = this.input;
    const { manifest } = this;
    const source = new PinnedBuffer(content);
    let checkedContent = -1;
    let checkedBytes = -1;
    let isWhole = false;
    let areAllWhole = true;
    let isSound = true;
    let place = firstPlace;
    for (; place < endPlace; place++) {
      // A block that is damaged is looked at as a whole.
      if (place > firstPlace && this.hasEnough() && areAllWhole) break;
      const item = itemAt(items, place);
      const file = at(items.files, item);
      const contentNumber = contentAt(items, place);
      const offset = at(items.contentOffsets, contentNumber);
      const isChunk = item >= items.firstChunk;
      const chunk = isChunk ? at(items.chunks, item - items.firstChunk) : 0;
      // The sizes in the manifest count; a content of a different size does not have the digest either.
      const restBytes = at(manifest.fileSizes, file) - chunk * CHUNK_SIZE_BYTES;
      const sizeBytes = Math.min(CHUNK_SIZE_BYTES, restBytes);
      // Files with the same content are consecutive; it is hashed once.
      if (contentNumber !== checkedContent || sizeBytes !== checkedBytes) {
        isWhole = isChunk
          ? hasDigest(content, offset, sizeBytes, items.chunkDigests, item - items.firstChunk)
          : hasDigest(content, offset, sizeBytes, manifest.fileDigests, file);
        checkedContent = contentNumber;
        checkedBytes = sizeBytes;
      }
      if (!isWhole) {
        areAllWhole = false;
        const digests = isChunk ? items.chunkDigests : manifest.fileDigests;
        isSound &&= hasId(content, items, contentNumber, digests, isChunk ? item - items.firstChunk : file);
        this.result.problems.push({ file, problem: { kind: "damaged" } });
      } else if (areAllWhole && Atomics.load(damageFlag, 0) === 0) {
        this.result.contentBytes += sizeBytes;
        if (isChunk) {
          this.files.writeChunk(content.subarray(offset, offset + sizeBytes), file, chunk);
          items.areChunksWritten[item - items.firstChunk] = 1;
        } else {
          this.files.writeFile(source, offset, file);
          this.result.fileCount += 1;
        }
      }
    }
    if (!areAllWhole) Atomics.store(damageFlag, 0, 1);
    return { isSound, nextPlace: place };
  }
}

const digest = new Uint8Array(DIGEST_SIZE_BYTES);

function hasDigest(
  content: Uint8Array,
  offset: number,
  sizeBytes: number,
  digests: Uint8Array,
  index: number,
): boolean {
  if (offset + sizeBytes > content.length) return false;
  Bun.SHA256.hash(content.subarray(offset, offset + sizeBytes), digest);
  const start = index * DIGEST_SIZE_BYTES;
  for (let byte = 0; byte < DIGEST_SIZE_BYTES; byte++) {
    if (digest[byte] !== digests[start + byte]) return false;
  }
  return true;
}

/** Whether a content, as its index describes it, is the wanted one, by the first half of its digest. */
function hasId(
  content: Uint8Array,
  { contentOffsets }: UnpackItems,
  contentNumber: number,
  digests: Uint8Array,
  index: number,
): boolean {
  const start = at(contentOffsets, contentNumber);
  // The next content begins where this one ends, unless it is in another block.
  const next = contentOffsets[contentNumber + 1] ?? 0;
  Bun.SHA256.hash(content.subarray(start, next > start ? next : content.length), digest);
  const id = digests.subarray(index * DIGEST_SIZE_BYTES, index * DIGEST_SIZE_BYTES + CONTENT_ID_BYTES);
  return Buffer.compare(digest.subarray(0, CONTENT_ID_BYTES), id) === 0;
}

compileLightly(hasDigest);
compileMethodsLightly(BlockUnpacker);
