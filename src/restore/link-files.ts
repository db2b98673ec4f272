import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { viewManifest } from "../manifest/codec.ts";
import type { DirectoryRange, DoneRange } from "../manifest/directory-ranges.ts";
import { visitRange } from "../manifest/visit-range.ts";
import type { Job } from "../work/job.ts";
import { createStopCheck } from "../work/stop-check.ts";
import { FileBuilder } from "./file-builder.ts";
import { type LinkedFiles, workOfLinked } from "./linked-files.ts";
import type { TreeInput } from "./tree-input.ts";

export interface LinkFilesInput extends TreeInput, DirectoryRange {}

/**
 * Builds part of an entry's tree from the cache's objects, except for further names of files (`link-names.ts`), large
 * files that may have to be copied (`place-large-files.ts`), and files whose objects must be made again
 * (`mend-files.ts`). Directories get their final mode and time later, when they are complete.
 * @throws BtdtError, a `node:fs` error; both mean that the destination cannot be written
 */
export const linkFilesJob: Job<LinkFilesInput, LinkedFiles & DoneRange> = {
  name: "link-files",
  run(input, context) {
    const manifest = viewManifest(input.payload);
    const builder = new FileBuilder(manifest, input, context);
    const hasEnough = createStopCheck(context, "stopped before all files were restored");
    try {
      return { ...visitRange(manifest, input, builder, hasEnough), ...builder.result };
    } finally {
      builder.close();
    }
  },
  workOf: (_input, linked) => workOfLinked(linked),
};

compileMethodsLightly(linkFilesJob);
