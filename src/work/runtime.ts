import type { Progress } from "../base/progress.ts";
import type { Runners } from "./job.ts";

/** What operations need of the outside, passed in so that tests can pass something else. */
export interface Runtime {
  readonly runners: Runners;
  readonly isCancelled: () => boolean;
  readonly nowMs: () => number;
  /** The process's file mode creation mask. */
  readonly umask: number;
  /** Told how far the work is; jobs of the runners tell theirs themselves. */
  readonly progress: Progress;
  /** Told what the user should know although the work goes on; a whole sentence. */
  readonly onWarning: (warning: string) => void;
}
