import { damagedArchive } from "../archive-errors.ts";

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const CHECKSUM_BYTES = 4;
/** The type of a block that states one byte and how often it occurs. */
const REPEATED = 1;

type Part =
  | "magic"
  | "skippable size"
  | "descriptor"
  | "header"
  | "block header"
  | "block"
  | "checksum"
  | "skipped";

/**
 * Follows the frames of a zstd stream (RFC 8878, section 3) without decompressing it, because a decompressor does not
 * tell whether a stream ends within a frame.
 */
export class FrameWalker {
  #part: Part = "magic";
  /** Bytes of the part, for those that are examined. */
  readonly #bytes = Buffer.alloc(4);
  #seenBytes = 0;
  #lengthBytes = 4;
  #hasChecksum = false;
  #isLastBlock = false;

  /** Whether the stream may end here. */
  get isBetweenFrames(): boolean {
    return this.#part === "magic" && this.#seenBytes === 0;
  }

  /** @param piece what follows in the stream @throws BtdtError ARCHIVE_INVALID */
  follow(piece: Uint8Array): void {
    for (let start = 0; start < piece.length; ) {
      const bytes = piece.subarray(start, start + this.#lengthBytes - this.#seenBytes);
      if (this.#lengthBytes <= this.#bytes.length) this.#bytes.set(bytes, this.#seenBytes);
      this.#seenBytes += bytes.length;
      start += bytes.length;
      while (this.#seenBytes === this.#lengthBytes) this.#enter(...this.#next());
    }
  }

  #enter(part: Part, lengthBytes: number): void {
    [this.#part, this.#lengthBytes, this.#seenBytes] = [part, lengthBytes, 0];
  }

  /** What follows the part that is complete, and its length. */
  #next(): [Part, number] {
    switch (this.#part) {
      case "magic":
        return this.#afterMagic(this.#bytes.readUInt32LE(0));
      case "skippable size":
        return ["skipped", this.#bytes.readUInt32LE(0)];
      case "descriptor":
        return this.#afterDescriptor(this.#bytes[0] ?? 0);
      case "header":
        return ["block header", 3];
      case "block header":
        return this.#afterBlockHeader(this.#bytes.readUIntLE(0, 3));
      case "block":
        if (!this.#isLastBlock) return ["block header", 3];
        return this.#hasChecksum ? ["checksum", CHECKSUM_BYTES] : ["magic", 4];
      case "checksum":
      case "skipped":
        return ["magic", 4];
    }
  }

  #afterMagic(magic: number): [Part, number] {
    if (magic === FRAME_MAGIC) return ["descriptor", 1];
    if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) return ["skippable size", 4];
    throw damagedArchive("it is followed by other data");
  }

  #afterDescriptor(descriptor: number): [Part, number] {
    const isSingleSegment = (descriptor & 0x20) !== 0;
    this.#hasChecksum = (descriptor & 4) !== 0;
    const sizeFlag = descriptor >> 6;
    const contentSizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
    const windowBytes = isSingleSegment ? 0 : 1;
    return ["header", windowBytes + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0) + contentSizeBytes];
  }

  #afterBlockHeader(header: number): [Part, number] {
    this.#isLastBlock = (header & 1) !== 0;
    return ["block", ((header >> 1) & 3) === REPEATED ? 1 : header >> 3];
  }
}
