import { viewManifest } from "../manifest/codec.ts";
import type { Job } from "../work/job.ts";
import { createStopCheck } from "../work/stop-check.ts";
import { FileBuilder } from "./file-builder.ts";
import { type LinkedFiles, workOfLinked } from "./linked-files.ts";
import type { TreeInput } from "./tree-input.ts";

export interface PlaceLargeFilesInput extends TreeInput {
  readonly files: readonly number[];
}

export interface PlacedLargeFiles extends LinkedFiles {
  /** How many of the files are done; another job places the rest. */
  readonly doneCount: number;
}

/**
 * Places single files of a tree, whatever their directories: build tools put most of what they make into one, which one
 * thread would copy alone.
 * @throws BtdtError, a `node:fs` error; both mean that the destination cannot be written
 */
export const placeLargeFilesJob: Job<PlaceLargeFilesInput, PlacedLargeFiles> = {
  name: "place-large-files",
  run(input, context) {
    const manifest = viewManifest(input.payload);
    const builder = new FileBuilder(manifest, input, context);
    const hasEnough = createStopCheck(context, "stopped before all files were restored");
    let doneCount = 0;
    try {
      for (const file of input.files) {
        if (hasEnough() && doneCount > 0) break;
        builder.buildFile(manifest.directoryOfFile(file), file);
        doneCount += 1;
      }
    } finally {
      builder.close();
    }
    return { ...builder.result, doneCount };
  },
  workOf: (_input, linked) => workOfLinked(linked),
};
