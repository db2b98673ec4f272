import { BtdtError } from "../base/errors.ts";
import { createCallContext } from "./call-context.ts";
import type { Job, Runner } from "./job.ts";
import { noteWork, type WorkListener } from "./note-work.ts";
import { JOBS_PER_WORKER, PoolWorker, type WaitingJob } from "./pool-worker.ts";

/**
 * Runs jobs in worker threads. The first job starts them, so that a command without such work does not pay for them.
 * The calling thread works as well: whenever it yields and jobs are waiting, it does one. That saves a thread with
 * its own heap and compiled code, and delays signals by one job at most.
 */
export class WorkerPool implements Runner {
  readonly parallelism: number;
  readonly #spawn: () => Worker;
  readonly #onWork: WorkListener;
  readonly #cancelFlag = new Int32Array(new SharedArrayBuffer(4));
  #workers: PoolWorker[] = [];
  #queue: WaitingJob[] = [];
  #queueStart = 0;
  #nextId = 0;
  #isStarted = false;
  #isHelping = false;
  #preparationCount = 0;

  /** @param parallelism the number of working threads, including the calling one */
  constructor(parallelism: number, spawn: () => Worker, onWork: WorkListener = () => undefined) {
    this.parallelism = parallelism;
    this.#spawn = spawn;
    this.#onWork = onWork;
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
      this.start();
      const runHere = (): unknown => job.run(inputOf(), createCallContext(this));
      this.#queue.push({ request, shared, runHere, resolve, reject });
      this.#dispatch();
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
    this.#rejectQueue(cancelled());
  }

  /** Call it only while no job is running: ending a thread inside a system call would leave work half done. */
  close(): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
  }

  /** Starts the threads before the first job, so that they come up while the caller prepares it. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (let index = 1; index < this.parallelism; index++) {
      const worker = new PoolWorker(this.#spawn(), this.#cancelFlag, {
        onReply: () => {
          this.#dispatch();
          this.#help();
        },
        onLoss: (lost, waiting) => {
          this.#workers = this.#workers.filter((each) => each !== lost);
          this.#queue = [...waiting, ...this.#queue.slice(this.#queueStart)];
          this.#queueStart = 0;
          this.#dispatch();
          this.#help();
        },
      });
      this.#workers.push(worker);
    }
  }

  #rejectQueue(error: Error): void {
    const queue = this.#queue.slice(this.#queueStart);
    this.#queue = [];
    this.#queueStart = 0;
    for (let waiting = this.#takeBack(); waiting !== undefined; waiting = this.#takeBack())
      queue.push(waiting);
    for (const waiting of queue) waiting.reject(error);
  }

  #dispatch(): void {
    for (let depth = 0; depth < JOBS_PER_WORKER; depth++) {
      for (const worker of this.#workers) {
        if (worker.jobCount > depth) continue;
        const waiting = this.#next();
        if (waiting === undefined) return this.#share();
        worker.send(waiting);
      }
    }
  }

  /** The queue is empty: an idle worker takes over a job that waits at another. */
  #share(): void {
    for (const idle of this.#workers) {
      if (idle.jobCount > 0) continue;
      const waiting = this.#takeBack();
      if (waiting === undefined) return;
      idle.send(waiting);
    }
  }

  #next(): WaitingJob | undefined {
    const waiting = this.#queue[this.#queueStart];
    if (waiting === undefined) {
      this.#queue = [];
      this.#queueStart = 0;
    } else {
      this.#queueStart += 1;
    }
    return waiting;
  }

  /** The job that would wait longest. */
  #takeBack(): WaitingJob | undefined {
    for (const worker of this.#workers.toSorted((left, right) => right.jobCount - left.jobCount)) {
      const waiting = worker.takeBack();
      if (waiting !== undefined) return waiting;
    }
    return undefined;
  }

  #help(): void {
    if (this.#isHelping) return;
    this.#isHelping = true;
    // Messages and signals are handled between two jobs.
    setImmediate(() => {
      this.#isHelping = false;
      const waiting = this.#next() ?? (this.#preparationCount > 0 ? undefined : this.#takeBack());
      if (waiting === undefined) return;
      try {
        waiting.resolve(waiting.runHere());
      } catch (error) {
        waiting.reject(error);
      }
      this.#help();
    });
  }
}

function cancelled(): BtdtError {
  return new BtdtError("CANCELLED", "stopped before the work was done");
}
