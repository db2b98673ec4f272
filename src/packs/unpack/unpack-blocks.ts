import { constants, openSync } from "node:fs";
import { type ByteString, fsPath } from "../../base/byte-string.ts";
import { compileLightly, compileMethodsLightly } from "../../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES } from "../../base/digest.ts";
import type { FileAttributes } from "../../fs/file-attributes.ts";
import { closeWritten } from "../../fs/native/close-written.ts";
import { PathBuffer } from "../../fs/native/path-buffer.ts";
import { PinnedBuffer } from "../../fs/native/pinned-buffer.ts";
import { NewFileWriter } from "../../fs/native/write-new-file.ts";
import { attributesOfFile } from "../../manifest/attributes-of-file.ts";
import { viewManifest } from "../../manifest/codec.ts";
import { at, type Manifest } from "../../manifest/manifest.ts";
import { adoptWrittenFile } from "../../objects/adopt-written-file.ts";
import { isLinkable } from "../../objects/object-attributes.ts";
import type { Job } from "../../work/job.ts";
import { readBlock } from "../contents/read-block.ts";
import { writeFullyAt } from "../write/block-writer.ts";
import { contentAt, itemAt, type UnpackItems } from "./unpack-items.ts";
import type { BlockToUnpack, UnpackPart } from "./unpack-plan.ts";

const SLASH = "/" as ByteString;

export interface UnpackBlocksInput extends UnpackPart {
  readonly payload: Uint8Array;
  readonly items: UnpackItems;
  /** Of the packs, open for reading; by their position among the packs in use. */
  readonly descriptors: readonly number[];
  /** Where the tree is built; its directories and its large files, empty so far, are there. */
  readonly staging: ByteString;
  readonly umask: number;
  /** The objects' directory when what is written is to be an object as well. */
  readonly adoptInto: ByteString | undefined;
  /** Non-zero for each file that must not share its inode. */
  readonly ownInode: Uint8Array;
  /** One word, shared by all jobs: non-zero once something was found that is not whole. */
  readonly damageFlag: Int32Array;
}

export interface UnpackedBlocks {
  readonly fileCount: number;
  readonly contentBytes: number;
  readonly damagedFiles: readonly number[];
  readonly damagedBlocks: readonly { readonly pack: number; readonly block: number }[];
}

const target = new PathBuffer();
const digest = new Uint8Array(DIGEST_SIZE_BYTES);
const attributes: FileAttributes = { mode: 0, sizeBytes: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };

/**
 * Decompresses blocks and writes the files that they hold. Each content is digested before it is written.
 * @throws BtdtError, a `node:fs` error; both mean that the destination cannot be written
 */
export const unpackBlocksJob: Job<UnpackBlocksInput, UnpackedBlocks> = {
  name: "unpack-blocks",
  run(input, context) {
    const unpacker = new Unpacker(viewManifest(input.payload), input);
    let firstPlace = input.firstPlace;
    for (const block of input.blocks) {
      if (context.isCancelled()) break;
      unpacker.unpack(block, firstPlace);
      firstPlace = block.endPlace;
    }
    return unpacker.result;
  },
  workOf: (_input, { fileCount, contentBytes }) => ({ files: fileCount, bytes: contentBytes }),
};

class Unpacker {
  readonly result = {
    fileCount: 0,
    contentBytes: 0,
    damagedFiles: [] as number[],
    damagedBlocks: [] as { pack: number; block: number }[],
  };
  readonly #manifest: Manifest;
  readonly #input: UnpackBlocksInput;
  readonly #writer: NewFileWriter;
  #currentDirectory = -1;
  #directoryLength = 0;
  #mayAdopt: boolean;

  constructor(manifest: Manifest, input: UnpackBlocksInput) {
    this.#manifest = manifest;
    this.#input = input;
    this.#writer = new NewFileWriter(input.umask);
    this.#mayAdopt = input.adoptInto !== undefined;
  }

  /** Blocks are still checked once damage is known: all of it is to be known at once. */
  unpack(block: BlockToUnpack, firstPlace: number): void {
    const { items, pack, damageFlag } = this.#input;
    const content = readBlock(this.#input.descriptors[pack] ?? -1, block);
    const source = content === undefined ? undefined : new PinnedBuffer(content);
    let checkedContent = -1;
    let checkedBytes = -1;
    let isWhole = false;
    let isDamaged = content === undefined;
    for (let place = firstPlace; place < block.endPlace; place++) {
      const item = itemAt(items, place);
      const file = at(items.files, item);
      if (content === undefined || source === undefined) {
        this.result.damagedFiles.push(file);
        continue;
      }
      const contentNumber = contentAt(items, place);
      const offset = at(items.contentOffsets, contentNumber);
      const isChunk = item >= items.firstChunk;
      const chunk = isChunk ? at(items.chunks, item - items.firstChunk) : 0;
      // The manifest's sizes count; a content that has another one does not have the digest either.
      const restBytes = at(this.#manifest.fileSizes, file) - chunk * CHUNK_SIZE_BYTES;
      const sizeBytes = Math.min(CHUNK_SIZE_BYTES, restBytes);
      // Files with the same content follow each other; it is digested once.
      if (contentNumber !== checkedContent || sizeBytes !== checkedBytes) {
        isWhole = isChunk
          ? hasDigest(content, offset, sizeBytes, items.chunkDigests, item - items.firstChunk)
          : hasDigest(content, offset, sizeBytes, this.#manifest.fileDigests, file);
        checkedContent = contentNumber;
        checkedBytes = sizeBytes;
      }
      if (!isWhole) {
        isDamaged = true;
        this.result.damagedFiles.push(file);
      } else if (!isDamaged && Atomics.load(damageFlag, 0) === 0) {
        if (isChunk) this.writeChunk(content, offset, sizeBytes, file, chunk);
        else this.writeFile(source, offset, file);
      }
    }
    if (!isDamaged) return;
    Atomics.store(damageFlag, 0, 1);
    this.result.damagedBlocks.push({ pack, block: block.block });
  }

  private writeFile(source: PinnedBuffer, offset: number, file: number): void {
    const manifest = this.#manifest;
    this.setTarget(file);
    this.#writer.write(target, source, offset, attributesOfFile(manifest, file, attributes));
    this.result.fileCount += 1;
    this.result.contentBytes += attributes.sizeBytes;
    const { adoptInto, ownInode } = this.#input;
    if (adoptInto === undefined || !this.#mayAdopt || ownInode[file] !== 0) return;
    if (isLinkable(manifest, file)) this.#mayAdopt = adoptWrittenFile(adoptInto, manifest, file, target);
  }

  private writeChunk(
    content: Uint8Array,
    offset: number,
    sizeBytes: number,
    file: number,
    chunk: number,
  ): void {
    this.setTarget(file);
    const descriptor = openSync(fsPath(target.toBytes()), constants.O_WRONLY | constants.O_NOFOLLOW);
    try {
      writeFullyAt(descriptor, content.subarray(offset, offset + sizeBytes), chunk * CHUNK_SIZE_BYTES);
    } finally {
      closeWritten(descriptor);
    }
    this.result.contentBytes += sizeBytes;
  }

  private setTarget(file: number): void {
    if (this.#manifest.counts.isSingleFile) {
      target.set(this.#input.staging);
      return;
    }
    const directory = this.directoryOf(file);
    if (directory !== this.#currentDirectory) {
      target.set(this.#input.staging).append(SLASH);
      if (directory > 0) target.append(this.#manifest.directoryPath(directory)).append(SLASH);
      this.#currentDirectory = directory;
      this.#directoryLength = target.length;
      this.#writer.enterDirectory();
    }
    this.#manifest.appendFileName(target.truncate(this.#directoryLength), file);
  }

  private directoryOf(file: number): number {
    const current = this.#currentDirectory;
    const isSame =
      current >= 0 &&
      file >= this.#manifest.firstFileOf(current) &&
      file < at(this.#manifest.directoryFileEnds, current);
    return isSame ? current : this.#manifest.directoryOfFile(file);
  }
}

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

compileLightly(hasDigest);
compileMethodsLightly(Unpacker, unpackBlocksJob);
