import type { Job } from "../../src/work/job.ts";
import { WorkerPool } from "../../src/work/worker-pool.ts";
import { startThreads } from "./start-threads.ts";

/** Two threads, and how many jobs they were given. To be closed. */
export class CountingPool extends WorkerPool {
  jobCount = 0;

  constructor() {
    super(startThreads(2), () => new Worker(new URL("../../src/worker.ts", import.meta.url).href));
  }

  override run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    this.jobCount += 1;
    return super.run(job, input);
  }
}
