import type { WorkDone } from "../base/progress.ts";
import type { ReadFiles } from "./read-files.ts";

/** How much work it was to read some files. */
export function readWork({ sizes, large }: ReadFiles): WorkDone {
  const foundBytes = large.reduce((sum, position) => sum + (sizes[position] ?? 0), 0);
  const totalBytes = sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  return { files: sizes.length, bytes: totalBytes - foundBytes, foundBytes };
}
