import type { WorkDone } from "../base/progress.ts";
import type { Placement } from "../fs/place-file.ts";
import type { ObjectProblem } from "./place-object.ts";
import type { UnbuiltFile } from "./tree-input.ts";

/** What a job that builds files has done. */
export interface LinkedFiles {
  readonly fileCounts: Readonly<Record<Placement, number>>;
  readonly contentBytes: number;
  readonly mendedCount: number;
  /** For `mendFilesJob`. */
  readonly unbuilt: readonly UnbuiltFile[];
  readonly damaged: readonly { readonly file: number; readonly problem: ObjectProblem }[];
}

/** For progress. */
export function workOfLinked({ fileCounts, contentBytes }: LinkedFiles): WorkDone {
  return { files: fileCounts.reflinked + fileCounts.linked + fileCounts.copied, bytes: contentBytes };
}
