import type { Progress } from "../base/progress.ts";
import type { Runners } from "./job.ts";

/** What operations need from the outside, passed in so that tests can replace it. */
export interface Runtime {
  readonly runners: Runners;
  readonly isCancelled: () => boolean;
  readonly nowMs: () => number;
  /** The process's file mode creation mask. */
  readonly umask: number;
  /** Receives progress; jobs of the runners report theirs by themselves. */
  readonly progress: Progress;
  /** Receives what the user should know while the work continues, as a sentence. */
  readonly onWarning: (warning: string) => void;
}
