import type { ByteString } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { isBtdtError } from "../base/errors.ts";
import { HeldDirectory } from "../fs/native/held-directory.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Placement } from "../fs/place-file.ts";
import { viewManifest } from "../manifest/codec.ts";
import type { DirectoryRange, DoneRange } from "../manifest/directory-ranges.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { type RangeVisitor, visitRange } from "../manifest/visit-range.ts";
import type { Job, JobContext } from "../work/job.ts";
import { createStopCheck } from "../work/stop-check.ts";
import { hasObject } from "./object-attributes.ts";
import { ObjectMaker, type ObjectMakerInput } from "./object-maker.ts";
import { adoptKnownShards, type KnownShards } from "./object-path.ts";

const SLASH = "/" as ByteString;

export interface AdoptFilesInput extends ObjectMakerInput, DirectoryRange {
  readonly payload: Uint8Array;
  readonly knownShards: KnownShards;
  /** 1 for each file to leave out; undefined for none. */
  readonly unwanted: Uint8Array | undefined;
}

/** Bytes by outcome; files without an object (empty ones) are not counted. */
export interface AdoptedFiles {
  readonly fileCounts: Record<Placement | "reused", number>;
  /** Bytes that were not yet in the cache. */
  readonly newBytes: number;
  /** Files that changed after they were read. */
  readonly changed: readonly { readonly file: number; readonly message: string }[];
}

const source = new PathBuffer();

/**
 * Makes sure that each file in some directories of a manifest has its object in the cache.
 *
 * A linked file is checked again after it was linked: it is the object now, and must still be what was hashed.
 * @throws BtdtError, a `node:fs` error
 */
export const adoptFilesJob: Job<AdoptFilesInput, AdoptedFiles & DoneRange> = {
  name: "adopt-files",
  run(input, context) {
    const manifest = viewManifest(input.payload);
    adoptKnownShards(input.knownShards);
    const adopter = new FileAdopter(manifest, input, context);
    const hasEnough = createStopCheck(context, "stopped before all files were stored");
    try {
      return { ...visitRange(manifest, input, adopter, hasEnough), ...adopter.result };
    } finally {
      adopter.close();
    }
  },
  workOf: (_input, { fileCounts }) => {
    return { files: fileCounts.linked + fileCounts.reflinked + fileCounts.copied + fileCounts.reused };
  },
};

class FileAdopter implements RangeVisitor {
  readonly result = {
    fileCounts: { reflinked: 0, linked: 0, copied: 0, reused: 0 },
    newBytes: 0,
    changed: [] as { file: number; message: string }[],
  };
  private readonly manifest: Manifest;
  private readonly maker: ObjectMaker;
  private readonly unwanted: Uint8Array | undefined;
  private readonly sourceLength: number;
  private readonly held = new HeldDirectory(source);
  private directoryLength = 0;

  /** Keeps directories open: to be closed. */
  constructor(manifest: Manifest, input: AdoptFilesInput, context: JobContext) {
    this.manifest = manifest;
    this.unwanted = input.unwanted;
    this.sourceLength = source.set(input.source).length;
    this.maker = new ObjectMaker(manifest, source, input, context);
  }

  enterDirectory(directory: number, fileCount: number): boolean {
    source.truncate(this.sourceLength);
    if (directory > 0) source.append(SLASH).append(this.manifest.directoryPath(directory));
    this.directoryLength = source.length;
    this.held.hold(fileCount);
    return true;
  }

  close(): void {
    this.held.close();
    this.maker.close();
  }

  visitFile(_directory: number, file: number): void {
    const { manifest, result } = this;
    if (!hasObject(manifest, file) || this.unwanted?.[file] === 1) return;
    // Its object is that of its first name.
    if (manifest.isLink(file)) {
      result.fileCounts.reused += 1;
      return;
    }
    source.truncate(this.directoryLength);
    if (!manifest.counts.isSingleFile) manifest.appendFileName(source.append(SLASH), file);
    try {
      const outcome = this.maker.make(file);
      result.fileCounts[outcome] += 1;
      if (outcome !== "reused") result.newBytes += at(manifest.fileSizes, file);
    } catch (error) {
      if (!isBtdtError(error, "SOURCE_CHANGED")) throw error;
      result.changed.push({ file, message: error.message });
    }
  }

  visitSymlink(): void {
    // The manifest has all that there is of it.
  }
}

compileMethodsLightly(FileAdopter);
