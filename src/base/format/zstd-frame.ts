/** https://www.rfc-editor.org/rfc/rfc8878, section 3.1.1 */
const MAGIC = 0xfd2fb528;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/**
 * Whether these bytes are one zstd frame and nothing else, need no dictionary, and state that they inflate to exactly
 * `contentBytes`. A decoder that believes such a frame takes no more memory than that: it fails if there is more in it.
 */
export function isOneFrame(bytes: Buffer, contentBytes: number): boolean {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== MAGIC) return false;
  const descriptor = bytes.readUInt8(4);
  const [hasWindow, hasChecksum, hasDictionary] = [
    (descriptor & 0x20) === 0,
    (descriptor & 0x04) !== 0,
    (descriptor & 0x03) !== 0,
  ];
  const sizeAt = hasWindow ? 6 : 5;
  const stated = readStatedBytes(bytes, sizeAt, descriptor >> 6, hasWindow);
  if (hasDictionary || stated?.contentBytes !== contentBytes) return false;
  const end = findBlocksEnd(bytes, sizeAt + stated.fieldBytes);
  return end !== undefined && end + (hasChecksum ? CHECKSUM_BYTES : 0) === bytes.length;
}

interface StatedBytes {
  readonly contentBytes: number;
  /** How many bytes say so. */
  readonly fieldBytes: number;
}

function readStatedBytes(
  bytes: Buffer,
  at: number,
  flag: number,
  hasWindow: boolean,
): StatedBytes | undefined {
  const fieldBytes = [hasWindow ? 0 : 1, 2, 4, 8][flag] ?? 0;
  if (at + fieldBytes > bytes.length) return undefined;
  switch (fieldBytes) {
    case 1:
      return { fieldBytes, contentBytes: bytes.readUInt8(at) };
    case 2:
      return { fieldBytes, contentBytes: bytes.readUInt16LE(at) + 256 };
    case 4:
      return { fieldBytes, contentBytes: bytes.readUInt32LE(at) };
    default:
      // Not stated, or larger than anything here.
      return undefined;
  }
}

/** Where the last block ends; undefined if the blocks are cut off. */
function findBlocksEnd(bytes: Buffer, start: number): number | undefined {
  let position = start;
  for (;;) {
    if (position + BLOCK_HEADER_BYTES > bytes.length) return undefined;
    const header = bytes.readUIntLE(position, BLOCK_HEADER_BYTES);
    const kind = (header >> 1) & 3;
    if (kind === RESERVED_BLOCK) return undefined;
    position += BLOCK_HEADER_BYTES + (kind === RLE_BLOCK ? 1 : header >> 3);
    if ((header & 1) !== 0) return position;
  }
}
