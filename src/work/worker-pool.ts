import { markLightFunctions } from "../base/compile-lightly.ts";
import { BtdtError } from "../base/errors.ts";
import { createCallContext } from "./call-context.ts";
import type { Job, Runner } from "./job.ts";
import { JobQueue } from "./job-queue.ts";
import { noteWork, type WorkListener } from "./note-work.ts";
import type { WaitingJob } from "./pool-worker.ts";
import { ProcessorRunner } from "./processor-runner.ts";
import { ThreadCount } from "./thread-count.ts";
import { watchWaits } from "./watch-waits.ts";
import { WorkerSet } from "./worker-set.ts";

/**
 * Runs jobs in worker threads. The first job starts them, so that a command without such work does not pay for them.
 * The calling thread works as well: whenever it yields and jobs are waiting, it does one. That saves a thread with
 * its own heap and compiled code, and delays signals by one job at most.
 *
 * There are as many threads as processors, unless memory is limited, and more where jobs mostly wait for a slow volume.
 * There, and where one job may take long, the calling thread mostly hands out work.
 */
export class WorkerPool implements Runner {
  readonly #spawn: () => Worker;
  readonly #onWork: WorkListener;
  readonly #cancelFlag = new Int32Array(new SharedArrayBuffer(4));
  readonly #queue = new JobQueue();
  #nextId = 0;
  #isHelping = false;
  #preparationCount = 0;
  #threads: ThreadCount;
  #workers: WorkerSet;

  constructor(threads: ThreadCount, spawn: () => Worker, onWork: WorkListener = () => undefined) {
    this.#threads = threads;
    this.#spawn = spawn;
    this.#onWork = onWork;
    this.#workers = this.#createWorkers();
  }

  get parallelism(): number {
    return this.#threads.wanted;
  }

  get isVolumeSlow(): boolean {
    return this.#threads.isVolumeSlow;
  }

  get withoutWaits(): Runner {
    return new ProcessorRunner(this, this.#threads.busy);
  }

  get expectsLongJobs(): boolean {
    return this.#threads.expectsLongJobs;
  }

  expectLongJobs(): void {
    this.#threads.expectLongJobs();
  }

  /** From now on, there are exactly this many threads, including the calling one. Call it before the first job. */
  fixThreadCount(threadCount: number): void {
    this.#threads = ThreadCount.fixed(threadCount);
    this.#workers = this.#createWorkers();
  }

  run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    return this.#run(job, input, undefined, () => input);
  }

  runSharing<Input extends object, Shared extends Partial<Input>, Output>(
    job: Job<Input, Output>,
    shared: Shared,
    rest: Omit<Input, keyof Shared>,
  ): Promise<Output> {
    return this.#run(job, rest, shared, () => ({ ...shared, ...rest }) as unknown as Input);
  }

  #run<Input, Output>(
    job: Job<Input, Output>,
    sent: unknown,
    shared: object | undefined,
    inputOf: () => Input,
  ): Promise<Output> {
    const request = { id: this.#nextId++, jobName: job.name, input: sent };
    return new Promise<Output>((resolveOutput, reject) => {
      const resolve = (output: unknown): void => {
        noteWork(job, inputOf, output as Output, this.#onWork);
        resolveOutput(output as Output);
      };
      if (this.isCancelled()) {
        reject(cancelled());
        return;
      }
      // On a single processor, this thread does all jobs, and none is started.
      markLightFunctions();
      // Where there are many, each costs more than a few jobs gain: they are started one by one, as jobs need them.
      if (!this.#threads.hasGrown) this.start("all");
      const runHere = (): unknown => job.run(inputOf(), createCallContext(this, false));
      this.#queue.push({ request, shared, isHeavy: job.isHeavy === true, runHere, resolve, reject });
      this.#workers.dispatch();
      this.#help();
    });
  }

  /** In the meantime, jobs stay with the workers: the calling thread should rather prepare more of them. */
  async whilePreparing<Result>(prepare: () => Promise<Result>): Promise<Result> {
    this.#preparationCount += 1;
    try {
      return await prepare();
    } finally {
      this.#preparationCount -= 1;
      this.#help();
    }
  }

  isCancelled(): boolean {
    return Atomics.load(this.#cancelFlag, 0) !== 0;
  }

  /** Running jobs return early, waiting ones are not started. Their promises still settle. */
  cancel(): void {
    Atomics.store(this.#cancelFlag, 0, 1);
    const queue = this.#queue.takeAll();
    const takeBack = (): WaitingJob | undefined => this.#workers.takeBack("any");
    for (let waiting = takeBack(); waiting !== undefined; waiting = takeBack()) queue.push(waiting);
    for (const waiting of queue) waiting.reject(cancelled());
  }

  /** Call it only while no job is running: ending a thread inside a system call would leave work half done. */
  close(): void {
    this.#workers.terminate();
  }

  start(threads: "few" | "all"): void {
    this.#workers.start(threads);
  }

  expectWaits(how: "perhaps" | "surely", ofHeavyJobs = false): void {
    this.#threads.expectWaits(how, ofHeavyJobs);
  }

  #createWorkers(): WorkerSet {
    return new WorkerSet(this.#queue, this.#threads, this.#cancelFlag, {
      spawn: this.#spawn,
      onChange: () => this.#help(),
    });
  }

  #help(): void {
    if (this.#isHelping) return;
    this.#isHelping = true;
    // Messages and signals are handled between two jobs.
    setImmediate(() => {
      this.#isHelping = false;
      const waiting = this.#nextForCaller();
      if (waiting === undefined) return;
      const hasWaited = watchWaits();
      try {
        waiting.resolve(waiting.runHere());
      } catch (error) {
        waiting.reject(error);
      }
      if (hasWaited()) {
        this.#threads.grow();
        this.#workers.dispatch();
      }
      this.#help();
    });
  }

  #nextForCaller(): WaitingJob | undefined {
    // Where there are more threads than processors, it would only wait like these, and nobody would give them jobs.
    const { hasGrown, hasHeavyGrown, expectsLongJobs } = this.#threads;
    const weight = (!hasGrown && !expectsLongJobs) || this.#workers.isEmpty ? "any" : "heavy";
    if (weight === "heavy" && hasHeavyGrown) return undefined;
    const isPreparing = this.#preparationCount > 0;
    return this.#queue.take(weight) ?? (isPreparing ? undefined : this.#workers.takeBack(weight));
  }
}

const cancelled = (): BtdtError => new BtdtError("CANCELLED", "stopped before the work was done");
