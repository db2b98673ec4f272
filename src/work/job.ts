import type { Cancellation } from "../base/cancellation.ts";
import type { WorkDone } from "../base/progress.ts";

/**
 * A piece of work that any thread can do. Input and output cross threads, so they are plain data: numbers, strings,
 * typed arrays (those over a SharedArrayBuffer are shared, not copied).
 */
export interface Job<Input, Output> {
  /** Unique among all jobs; workers find the code by it. */
  readonly name: string;
  /** It needs so much memory or processor time that no more run at once than there are processors. */
  readonly isHeavy?: true;
  /**
   * Runs to completion without yielding. A long job checks `isCancelled` now and then; once it is true, the job must
   * not report success for what it did not do.
   */
  run(input: Input, context: RunContext): Output;
  /** How much work a run has done, for progress; called on the calling thread. */
  workOf?(input: Input, output: Output): WorkDone;
}

export type JobContext = Cancellation;

/** What a running job is told. */
export interface RunContext extends JobContext {
  /**
   * Whether it should return what it has done so far, and leave the rest to other jobs (`runAllResuming`): it takes
   * longer than on a local disk. The calling thread cannot handle signals meanwhile, and where operations are slow, the
   * rest is better divided among more threads.
   */
  isOverdue(): boolean;
  /** Nobody waits for this thread: others handle signals. */
  readonly mayTakeLong: boolean;
}

/** Runs jobs, wherever it decides to. */
export interface Runner {
  /** How many jobs can run at once: a hint for dividing work. It grows where jobs wait for a slow volume. */
  readonly parallelism: number;
  /** Whether jobs are known to wait for a slow volume: then even little work is worth dividing among threads. */
  readonly isVolumeSlow: boolean;
  run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output>;
  /**
   * The same, with the input in two parts. Consecutive jobs with the same `shared` object transfer it to each thread
   * only once: sending a large tree with every job would cause more garbage collection than work.
   */
  runSharing<Input extends object, Shared extends Partial<Input>, Output>(
    job: Job<Input, Output>,
    shared: Shared,
    rest: Omit<Input, keyof Shared>,
  ): Promise<Output>;
  /**
   * Announces that jobs will follow soon. `few`: as many threads start as there are processors; where there may be
   * more, these start when jobs need them. `all`: so many jobs will wait for a slow volume that all are needed.
   */
  start(threads: "few" | "all"): void;
  /**
   * Announces that they will wait for a slow volume. `surely`: there are many threads from the beginning; `perhaps`:
   * once jobs have waited. Without it, as on local disks, there are never more than at first.
   * @param ofHeavyJobs whether heavy jobs will wait, too: they read or write many files there
   */
  expectWaits(how: "perhaps" | "surely", ofHeavyJobs?: boolean): void;
  /**
   * Announces jobs that may take seconds for one file, such as copying a huge one. From now on, the calling thread,
   * which has to hear signals, does only heavy jobs, whose parts are small.
   */
  expectLongJobs(): void;
  /**
   * Runs work that submits jobs as it proceeds. Until it is done, the calling thread does not help with so many jobs
   * that it stops submitting.
   */
  whilePreparing<Result>(prepare: () => Promise<Result>): Promise<Result>;
  /** The same threads for jobs that do not wait, even if others do: no more at once than there are processors. */
  readonly withoutWaits: Runner;
}

/** `inline` for work that is done before a thread would have started, `pool` for everything else. */
export interface Runners {
  readonly inline: Runner;
  readonly pool: Runner;
}
