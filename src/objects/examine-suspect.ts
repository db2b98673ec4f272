import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";
import { keptAttributes } from "../fs/file-clock.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { hasContent } from "../read/has-content.ts";
import type { JobContext } from "../work/job.ts";
import { objectAttributes } from "./object-attributes.ts";

/** Hashes an object that looks whole, but may have lost bytes in a power cut. @throws BtdtError CANCELLED */
export function examineSuspect(
  object: PathBuffer,
  manifest: Manifest,
  file: number,
  context: JobContext,
): "whole" | "lost" | "unreadable" {
  const offset = file * DIGEST_SIZE_BYTES;
  try {
    const attributes = keptAttributes(object, objectAttributes(manifest, file));
    return hasContent(object, attributes, manifest.fileDigests, offset, context) ? "whole" : "lost";
  } catch (error) {
    if (
      errnoOf(error) === undefined &&
      !isBtdtError(error, "SOURCE_UNREADABLE") &&
      !isBtdtError(error, "SOURCE_CHANGED")
    )
      throw error;
    return "unreadable";
  }
}

compileLightly(examineSuspect);
