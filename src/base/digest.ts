/**
 * Digests of contents.
 *
 * - Up to one chunk: plain SHA-256, as printed by `sha256sum`.
 * - Above that: a tree with one level. The root is SHA-512/256 of the content's size and the SHA-256 of each chunk in
 *   order. Chunks can be hashed in parallel. The root uses a different function than the leaves, so that no small
 *   file can have the digest of a large one (FIPS 180-4 specifies both).
 */
export const DIGEST_SIZE_BYTES = 32;
export const DIGEST_HEX_DIGITS = 2 * DIGEST_SIZE_BYTES;

/** Whether text is a digest in the form of `hexOf`. */
export function isDigestHex(text: string): boolean {
  if (text.length !== DIGEST_HEX_DIGITS) return false;
  for (let index = 0; index < DIGEST_HEX_DIGITS; index++) {
    const code = text.charCodeAt(index);
    const isDigit = (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
    if (!isDigit) return false;
  }
  return true;
}

/** Changing this changes the digest of every larger file. */
export const CHUNK_SIZE_BYTES = 4 * 1024 * 1024;

const ROOT_TAG = "btdt chunks 1\0";

export function chunkCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / CHUNK_SIZE_BYTES);
}

/** The digest of a content larger than one chunk, from the digests of its chunks in order. */
export function digestOfChunks(sizeBytes: number, chunkDigests: Uint8Array): Uint8Array {
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(sizeBytes), true);
  const root = new Bun.SHA512_256();
  root.update(ROOT_TAG).update(size).update(chunkDigests);
  return new Uint8Array(root.digest().buffer);
}

/** One digest of a column of digests, as a view. Hot loops pass the column and an offset instead. */
export function digestAt(digests: Uint8Array, index: number): Uint8Array {
  return digestsBetween(digests, index, index + 1);
}

/** The digests from `first` up to, but not including, `end`, as a view. */
export function digestsBetween(digests: Uint8Array, first: number, end: number): Uint8Array {
  return digests.subarray(first * DIGEST_SIZE_BYTES, end * DIGEST_SIZE_BYTES);
}

export function hexOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString("hex");
}
