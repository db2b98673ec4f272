import type { FileAttributes } from "../fs/file-attributes.ts";
import { hasHole } from "../fs/native/find-hole.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { hasContent } from "../read/has-content.ts";
import type { JobContext } from "../work/job.ts";

/**
 * How far an object with the right attributes is trusted. A power cut can leave a file with its full size and time,
 * but zeros in place of data that was not written yet; see `docs/concurrency.md`.
 *
 * - `NONE`: its bytes are on disk, or nothing has happened since they were written.
 * - `HOLES`: it may not be on disk yet. Blocks that were never written show as holes.
 * - `CONTENT`: it was written before this boot and may not have been on disk then: only its digest tells.
 */
export const Suspicion = { NONE: 0, HOLES: 1, CONTENT: 2 } as const;

/**
 * Whether an object with the right attributes has lost bytes. A hole alone proves nothing, since files can have holes
 * from the start: then the digest decides.
 * @param suspicion one of `Suspicion`
 * @param digests the expected digest is at `offset`
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE; a `node:fs` error
 */
export function hasLostBytes(
  path: PathBuffer,
  attributes: FileAttributes,
  suspicion: number,
  digests: Uint8Array,
  offset: number,
  context: JobContext,
): boolean {
  if (suspicion === Suspicion.NONE) return false;
  if (suspicion === Suspicion.HOLES && !hasHole(path, attributes.sizeBytes)) return false;
  return !hasContent(path, attributes, digests, offset, context);
}
