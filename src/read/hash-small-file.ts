import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import type { FileStatus } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { PinnedBuffer } from "../fs/native/pinned-buffer.ts";
import { type AttributesSeen, readSmallFile, SMALL_FILE_ROOM_BYTES } from "./read-small-file.ts";
import type { VisitOutcome } from "./visit-files.ts";

let content: PinnedBuffer | undefined;

/**
 * Hashes a file of at most one chunk into `digests` at `offset`, and fills `status` with what the file was when it
 * was read. A larger file is only examined.
 * @param detectsEdits and `seen`: as for `readSmallFile`
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE
 */
export function hashSmallFile(
  path: PathBuffer,
  status: FileStatus,
  digests: Uint8Array,
  offset: number,
  detectsEdits = true,
  seen?: AttributesSeen,
): VisitOutcome {
  content ??= new PinnedBuffer(new Uint8Array(SMALL_FILE_ROOM_BYTES));
  const outcome = readSmallFile(path, status, content, 0, detectsEdits, seen);
  if (outcome !== "read") return outcome;
  Bun.SHA256.hash(
    content.bytes.subarray(0, status.sizeBytes),
    digests.subarray(offset, offset + DIGEST_SIZE_BYTES),
  );
  return "hashed";
}

compileLightly(hashSmallFile);
