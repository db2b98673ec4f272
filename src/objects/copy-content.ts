import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import { copyFile } from "../fs/copy-file.ts";
import { errnoOf, ignoringErrno } from "../fs/errno.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { keptAttributes } from "../fs/file-clock.ts";
import { constants } from "../fs/file-constants.ts";
import { emptyStatus, fstat } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { unlink } from "../fs/native/path-calls.ts";
import { PinnedBuffer } from "../fs/native/pinned-buffer.ts";
import { closeQuickly } from "../fs/native/quick-file.ts";
import { NewFileWriter } from "../fs/native/write-new-file.ts";
import { openRegularFile } from "../fs/regular-file.ts";
import { hasContent } from "../read/has-content.ts";
import { readSmallFile, SMALL_FILE_ROOM_BYTES } from "../read/read-small-file.ts";
import type { JobContext } from "../work/job.ts";

/** What a copy must be. */
export interface WantedContent {
  readonly attributes: FileAttributes;
  /** The digest is at `offset`. */
  readonly digests: Uint8Array;
  readonly offset: number;
}

type CopyOutcome = "copied" | "different" | "unreadable";

const status = emptyStatus();
const digest = new Uint8Array(DIGEST_SIZE_BYTES);
/** No mode is taken to be kept at creation. */
const writer = new NewFileWriter(0o7777);
let content: PinnedBuffer | undefined;

/**
 * Creates `target`, which must not exist, from a file that may be anything. The bytes that are hashed are those of the
 * copy, so it does not matter what happens to the source meanwhile.
 * @returns `different` or `unreadable` if the source does not have the wanted content
 * @throws BtdtError CANCELLED; BtdtError SYSTEM or a `node:fs` error: `target` cannot be written. Unless it returns
 * `copied`, there is no `target` afterwards
 */
export function copyContent(
  source: PathBuffer,
  target: PathBuffer,
  wanted: WantedContent,
  context: JobContext,
): CopyOutcome {
  if (wanted.attributes.sizeBytes > CHUNK_SIZE_BYTES) return copyLarge(source, target, wanted, context);
  content ??= new PinnedBuffer(new Uint8Array(SMALL_FILE_ROOM_BYTES));
  const outcome = readContent(source, content, wanted);
  if (outcome === "copied") {
    removingOnFailure(target, () => writer.write(target, content as PinnedBuffer, 0, wanted.attributes));
  }
  return outcome;
}

function readContent(source: PathBuffer, into: PinnedBuffer, wanted: WantedContent): CopyOutcome {
  const { attributes, digests, offset } = wanted;
  try {
    if (readSmallFile(source, status, into, 0) !== "read") return "different";
  } catch (error) {
    if (isBtdtError(error, "SOURCE_CHANGED")) return "different";
    if (isBtdtError(error, "SOURCE_UNREADABLE")) return "unreadable";
    throw error;
  }
  if (status.sizeBytes !== attributes.sizeBytes) return "different";
  Bun.SHA256.hash(into.bytes.subarray(0, attributes.sizeBytes), digest);
  const isEqual = Buffer.compare(digest, digests.subarray(offset, offset + DIGEST_SIZE_BYTES)) === 0;
  return isEqual ? "copied" : "different";
}

function copyLarge(
  source: PathBuffer,
  target: PathBuffer,
  { attributes, digests, offset }: WantedContent,
  context: JobContext,
): CopyOutcome {
  const problem = findProblem(source, attributes.sizeBytes);
  if (problem !== undefined) return problem;
  copyFile(source, target, attributes, context);
  let isEqual = false;
  try {
    isEqual = hasContent(target, keptAttributes(target, attributes), digests, offset, context);
  } finally {
    if (!isEqual) unlink(target.toBytes());
  }
  return isEqual ? "copied" : "different";
}

function findProblem(source: PathBuffer, sizeBytes: number): "different" | "unreadable" | undefined {
  try {
    const descriptor = openRegularFile(source.toBytes(), constants.O_RDONLY);
    fstat(descriptor, status);
    closeQuickly(descriptor);
    return status.sizeBytes === sizeBytes ? undefined : "different";
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno === "ENOENT" || errno === "EFTYPE" ? "different" : "unreadable";
  }
}

function removingOnFailure(target: PathBuffer, write: () => void): void {
  try {
    write();
  } catch (error) {
    // An existing file is not ours to remove.
    if (errnoOf(error) !== "EEXIST") ignoringErrno(() => unlink(target.toBytes()));
    throw error;
  }
}
