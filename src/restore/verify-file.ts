import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import { keptAttributes } from "../fs/file-clock.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { hasContent } from "../read/has-content.ts";
import type { JobContext } from "../work/job.ts";

/**
 * Hashes a restored file or an object, and returns what is wrong with it; undefined if its bytes are those that were
 * stored.
 * @throws BtdtError CANCELLED
 */
export function verifyFile(
  path: PathBuffer,
  manifest: Manifest,
  file: number,
  context: JobContext,
): "damaged" | "edited" | "unreadable" | undefined {
  try {
    const attributes = keptAttributes(path, attributesOfFile(manifest, file));
    const isGood = hasContent(path, attributes, manifest.fileDigests, file * DIGEST_SIZE_BYTES, context);
    return isGood ? undefined : "damaged";
  } catch (error) {
    if (isBtdtError(error, "SOURCE_CHANGED")) return "edited";
    if (isBtdtError(error, "SOURCE_UNREADABLE")) return "unreadable";
    throw error;
  }
}

compileLightly(verifyFile);
