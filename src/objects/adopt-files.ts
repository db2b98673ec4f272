import type { ByteString } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { BtdtError } from "../base/errors.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Placement } from "../fs/place-file.ts";
import { viewManifest } from "../manifest/codec.ts";
import type { DoneRange } from "../manifest/directory-ranges.ts";
import { at } from "../manifest/manifest.ts";
import type { Job } from "../work/job.ts";
import { hasObject } from "./object-attributes.ts";
import { ObjectMaker, type ObjectMakerInput } from "./object-maker.ts";

const SLASH = "/" as ByteString;

export interface AdoptFilesInput extends ObjectMakerInput {
  readonly payload: Uint8Array;
  readonly firstDirectory: number;
  readonly endDirectory: number;
}

/** Bytes by outcome; files without an object (empty ones) are not counted. */
export interface AdoptedFiles {
  readonly fileCounts: Record<Placement | "reused", number>;
  /** Bytes that were not yet in the cache. */
  readonly newBytes: number;
}

const source = new PathBuffer();

/**
 * Makes sure that each file in some directories of a manifest has its object in the cache.
 *
 * A linked file is checked again after it was linked: it is the object now, and must still be what was hashed.
 * @throws BtdtError SOURCE_CHANGED, a `node:fs` error
 */
export const adoptFilesJob: Job<AdoptFilesInput, AdoptedFiles & DoneRange> = {
  name: "adopt-files",
  run(input, context) {
    const manifest = viewManifest(input.payload);
    const maker = new ObjectMaker(manifest, source, input, context);
    const fileCounts = { reflinked: 0, linked: 0, copied: 0, reused: 0 };
    let newBytes = 0;
    source.set(input.source);
    const sourceLength = source.length;
    let directory = input.firstDirectory;
    do {
      source.truncate(sourceLength);
      if (directory > 0) source.append(SLASH).append(manifest.directoryPath(directory));
      const directoryLength = source.length;
      for (
        let file = manifest.firstFileOf(directory);
        file < at(manifest.directoryFileEnds, directory);
        file++
      ) {
        // What was kept so far would pass for all of it.
        if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all files were stored");
        if (!hasObject(manifest, file)) continue;
        // Its object is that of its first name.
        if (manifest.isLink(file)) {
          fileCounts.reused += 1;
          continue;
        }
        source.truncate(directoryLength);
        if (!manifest.counts.isSingleFile) manifest.appendFileName(source.append(SLASH), file);
        const outcome = maker.make(file);
        fileCounts[outcome] += 1;
        if (outcome !== "reused") newBytes += at(manifest.fileSizes, file);
      }
      directory += 1;
    } while (directory < input.endDirectory && !context.isOverdue());
    return { fileCounts, newBytes, nextDirectory: directory };
  },
  workOf: (_input, { fileCounts }) => {
    return { files: fileCounts.linked + fileCounts.reflinked + fileCounts.copied + fileCounts.reused };
  },
};

compileMethodsLightly(adoptFilesJob);
