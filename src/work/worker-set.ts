import type { JobQueue } from "./job-queue.ts";
import { JOBS_PER_WORKER, type JobWeight, PoolWorker, type WaitingJob } from "./pool-worker.ts";
import type { ThreadCount } from "./thread-count.ts";

/** With many processors. */
const MOST_STARTING = 8;

interface WorkerSetEvents {
  readonly spawn: () => Worker;
  /** A thread has done a job, or has ended: there may be something for the calling thread. */
  readonly onChange: () => void;
}

/** The threads of a pool: starts them as they are needed, and gives them jobs. */
export class WorkerSet {
  readonly #queue: JobQueue;
  readonly #threads: ThreadCount;
  readonly #cancelFlag: Int32Array;
  readonly #events: WorkerSetEvents;
  #workers: PoolWorker[] = [];
  /** What `start` was called for, as long as it has not started all of them. */
  #starting: "few" | "all" | undefined;

  constructor(queue: JobQueue, threads: ThreadCount, cancelFlag: Int32Array, events: WorkerSetEvents) {
    this.#queue = queue;
    this.#threads = threads;
    this.#cancelFlag = cancelFlag;
    this.#events = events;
  }

  get isEmpty(): boolean {
    return this.#workers.length === 0;
  }

  /** See `Runner.start`. */
  start(threads: "few" | "all"): void {
    this.#starting = undefined;
    while (this.#lacksWorkers(threads)) {
      if (!this.#mayAddWorker()) {
        this.#starting = threads;
        return;
      }
      this.#addWorker();
    }
  }

  /** Gives waiting jobs to threads, and starts threads for them. */
  dispatch(): void {
    for (let depth = 0; depth < JOBS_PER_WORKER; depth++) {
      for (const [index, worker] of this.#workers.entries()) {
        if (worker.jobCount > depth) continue;
        const waiting = this.#queue.take(this.#weightFor(index));
        if (waiting !== undefined) worker.send(waiting);
      }
      while (this.#lacksWorkers("all") && this.#mayAddWorker()) {
        const waiting = this.#queue.take(this.#weightFor(this.#workers.length));
        if (waiting === undefined) break;
        this.#addWorker().send(waiting);
      }
      // What is left is for threads that start in a moment, rather than for those that are busy.
      if (this.#lacksWorkers("all") && !this.#mayAddWorker()) break;
    }
    this.#share();
  }

  /** Takes back a job that no thread has begun: the one that would wait longest. */
  takeBack(weight: JobWeight): WaitingJob | undefined {
    for (const worker of this.#workers.toSorted((left, right) => right.jobCount - left.jobCount)) {
      const waiting = worker.takeBack(weight);
      if (waiting !== undefined) return waiting;
    }
    return undefined;
  }

  /** Call it only while no job is running. */
  terminate(): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
    this.#starting = undefined;
  }

  #lacksWorkers(threads: "few" | "all"): boolean {
    return this.#workers.length < this.#threads.countWorkers(threads);
  }

  /**
   * Threads that start at the same time share the processors: if dozens did, none would be ready before all are, and
   * nothing would be in flight until then.
   */
  #mayAddWorker(): boolean {
    const startingCount = this.#workers.filter(({ isReady }) => !isReady).length;
    return startingCount < Math.min(this.#threads.busy, MOST_STARTING);
  }

  #addWorker(): PoolWorker {
    const setup = { cancelFlag: this.#cancelFlag, isVolumeSlow: this.#threads.isVolumeSlow };
    const proceed = (): void => {
      this.dispatch();
      this.#events.onChange();
    };
    const worker = new PoolWorker(this.#events.spawn(), setup, {
      onReady: () => {
        if (this.#starting !== undefined) this.start(this.#starting);
        proceed();
      },
      onReply: (hasWaited) => {
        if (hasWaited) this.#threads.grow();
        proceed();
      },
      onLoss: (lost, waiting) => {
        this.#workers = this.#workers.filter((each) => each !== lost);
        this.#threads.lose();
        this.#queue.putBack(waiting);
        proceed();
      },
    });
    this.#workers.push(worker);
    return worker;
  }

  /** The calling thread is one of those that do heavy jobs, as long as these do not wait. */
  #weightFor(workerIndex: number): JobWeight {
    return workerIndex < this.#threads.heavy - 1 ? "any" : "light";
  }

  /** An idle thread, for which there is nothing in the queue, takes over a job that waits at another. */
  #share(): void {
    for (const [index, idle] of this.#workers.entries()) {
      if (idle.jobCount > 0) continue;
      const waiting = this.takeBack(this.#weightFor(index));
      if (waiting === undefined) return;
      idle.send(waiting);
    }
  }
}
