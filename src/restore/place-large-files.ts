import { BtdtError } from "../base/errors.ts";
import { viewManifest } from "../manifest/codec.ts";
import type { Job } from "../work/job.ts";
import { TreeBuilder } from "./link-files.ts";
import { type LinkedFiles, workOfLinked } from "./linked-files.ts";
import type { TreeInput } from "./tree-input.ts";

export interface PlaceLargeFilesInput extends TreeInput {
  readonly files: readonly number[];
}

/**
 * Places single files of a tree, whatever their directories: build tools put most of what they make into one, which one
 * thread would copy alone.
 * @throws BtdtError, a `node:fs` error; both mean that the destination cannot be written
 */
export const placeLargeFilesJob: Job<PlaceLargeFilesInput, LinkedFiles> = {
  name: "place-large-files",
  run(input, context) {
    const manifest = viewManifest(input.payload);
    const builder = new TreeBuilder(manifest, input, context);
    for (const file of input.files) {
      if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all files were restored");
      builder.buildFile(manifest.directoryOfFile(file), file);
    }
    return builder.result;
  },
  workOf: (_input, linked) => workOfLinked(linked),
};
