import type { WorkDone } from "../base/progress.ts";
import type { Job } from "./job.ts";

/** Told what each job has done, when it has ended well. */
export type WorkListener = (done: WorkDone) => void;

export function noteWork<Input, Output>(
  job: Job<Input, Output>,
  inputOf: () => Input,
  output: Output,
  onWork: WorkListener,
): void {
  if (job.workOf !== undefined) onWork(job.workOf(inputOf(), output));
}
