import type { Job, Runner } from "./job.ts";

/**
 * Runs jobs in the threads of another runner, but never more at once than there are processors: for jobs on a local
 * disk, next to others that wait for a slow volume.
 */
export class ProcessorRunner implements Runner {
  readonly isVolumeSlow = false;
  readonly parallelism: number;
  readonly #runner: Runner;

  /** @param processorCount how many heavy jobs `runner` runs at once */
  constructor(runner: Runner, processorCount: number) {
    this.#runner = runner;
    this.parallelism = processorCount;
  }

  get withoutWaits(): Runner {
    return this;
  }

  start(): void {
    this.#runner.start("few");
  }

  expectWaits(): void {
    // What its jobs work on has none.
  }

  expectLongJobs(): void {
    this.#runner.expectLongJobs();
  }

  whilePreparing<Result>(prepare: () => Promise<Result>): Promise<Result> {
    return this.#runner.whilePreparing(prepare);
  }

  run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    return this.#runner.run({ ...job, isHeavy: true }, input);
  }

  runSharing<Input extends object, Shared extends Partial<Input>, Output>(
    job: Job<Input, Output>,
    shared: Shared,
    rest: Omit<Input, keyof Shared>,
  ): Promise<Output> {
    return this.#runner.runSharing({ ...job, isHeavy: true }, shared, rest);
  }
}
