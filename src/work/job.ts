import type { WorkDone } from "../base/progress.ts";

/**
 * A piece of work that any thread can do. Input and output cross threads, so they are plain data: numbers,
 * strings, typed arrays (SharedArrayBuffer ones are shared, not copied).
 */
export interface Job<Input, Output> {
  /** Unique among all jobs; how a worker finds the code. */
  readonly name: string;
  /** Runs to the end without giving way. Long jobs ask `isCancelled` now and then and then return early. */
  run(input: Input, context: JobContext): Output;
  /** How much a run has done, for whoever shows how far the work is; asked on the calling thread. */
  workOf?(input: Input, output: Output): WorkDone;
}

export interface JobContext {
  isCancelled(): boolean;
}

/** Runs jobs; where is for the implementation to decide. */
export interface Runner {
  /** How many jobs can make progress at once: a hint for cutting up work. */
  readonly parallelism: number;
  run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output>;
  /**
   * The same with an input in two parts. Jobs that are given the same `shared` object one after the other get it across
   * to each thread once: to send a large tree with every job makes the threads collect garbage more than work.
   */
  runSharing<Input extends object, Shared extends Partial<Input>, Output>(
    job: Job<Input, Output>,
    shared: Shared,
    rest: Omit<Input, keyof Shared>,
  ): Promise<Output>;
  /** Says that jobs will come soon. */
  start(): void;
  /** Does work that gives jobs as it goes: until it is done the calling thread does not help so much that it stops giving. */
  whilePreparing<Result>(prepare: () => Promise<Result>): Promise<Result>;
}

/** `inline` for work that is done before a thread would have started, `pool` for the rest. */
export interface Runners {
  readonly inline: Runner;
  readonly pool: Runner;
}
