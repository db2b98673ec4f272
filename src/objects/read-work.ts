import type { WorkDone } from "../base/progress.ts";

interface ReadFiles {
  readonly sizes: Float64Array;
  /** Positions of the files that are read by other jobs, piece by piece. */
  readonly large: readonly number[];
}

/** How much work it was to read some files. */
export function readWork({ sizes, large }: ReadFiles): WorkDone {
  const foundBytes = large.reduce((sum, position) => sum + (sizes[position] ?? 0), 0);
  const totalBytes = sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  return { files: sizes.length, bytes: totalBytes - foundBytes, foundBytes };
}
