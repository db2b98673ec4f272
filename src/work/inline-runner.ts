import { createCallContext } from "./call-context.ts";
import type { Job, JobContext, Runner } from "./job.ts";
import { noteWork, type WorkListener } from "./note-work.ts";
import type { WorkerPool } from "./worker-pool.ts";

/**
 * Runs jobs at once on the calling thread: for a few files, which are done before a worker would have started. If a
 * pool is given, it does jobs that may take long.
 */
export class InlineRunner implements Runner {
  readonly parallelism = 1;
  readonly isVolumeSlow = false;
  readonly #context: JobContext;
  readonly #onWork: WorkListener;
  readonly #pool: WorkerPool | undefined;

  constructor(context: JobContext, onWork: WorkListener = () => undefined, pool?: WorkerPool) {
    this.#context = context;
    this.#onWork = onWork;
    this.#pool = pool;
  }

  get withoutWaits(): Runner {
    return this;
  }

  start(): void {
    // There is nothing to start.
  }

  expectWaits(): void {
    // One thread waits as long as it waits.
  }

  expectLongJobs(): void {
    this.#pool?.expectLongJobs();
  }

  whilePreparing<Result>(prepare: () => Promise<Result>): Promise<Result> {
    return prepare();
  }

  async run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    if (this.#pool?.expectsLongJobs === true) return await this.#pool.run(job, input);
    const output = job.run(input, createCallContext(this.#context, false));
    noteWork(job, () => input, output, this.#onWork);
    return output;
  }

  runSharing<Input extends object, Shared extends Partial<Input>, Output>(
    job: Job<Input, Output>,
    shared: Shared,
    rest: Omit<Input, keyof Shared>,
  ): Promise<Output> {
    return this.run(job, { ...shared, ...rest } as unknown as Input);
  }
}
