import type { WorkDone } from "../base/progress.ts";
import type { Job } from "./job.ts";

/** Receives the work done by each job that succeeded. */
export type WorkListener = (done: WorkDone) => void;

export function noteWork<Input, Output>(
  job: Job<Input, Output>,
  inputOf: () => Input,
  output: Output,
  onWork: WorkListener,
): void {
  if (job.workOf !== undefined) onWork(job.workOf(inputOf(), output));
}
