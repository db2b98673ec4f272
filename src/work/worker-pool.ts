import { BtdtError } from "../base/errors.ts";
import type { Job, JobContext, Runner } from "./job.ts";
import { type JobReply, type JobRequest, receivedError, type WorkerSetup } from "./messages.ts";

/** A second job waits at each worker, so that none is idle while the answer to the first travels. */
const JOBS_PER_WORKER = 2;

interface PoolWorker {
  readonly worker: Worker;
  readonly running: Map<number, Waiting>;
}

interface Waiting {
  readonly request: JobRequest;
  readonly resolve: (output: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Runs jobs in worker threads, which are started by the first job, so that a command without work for them
 * does not pay for them.
 */
export class WorkerPool implements Runner {
  readonly parallelism: number;
  readonly #spawn: () => Worker;
  readonly #cancelFlag = new Int32Array(new SharedArrayBuffer(4));
  #workers: PoolWorker[] = [];
  #queue: Waiting[] = [];
  #queueStart = 0;
  #nextId = 0;

  constructor(parallelism: number, spawn: () => Worker) {
    this.parallelism = parallelism;
    this.#spawn = spawn;
  }

  run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    const request: JobRequest = { id: this.#nextId++, jobName: job.name, input };
    return new Promise<Output>((resolve, reject) => {
      if (this.isCancelled()) {
        reject(cancelled());
        return;
      }
      if (this.#workers.length === 0) this.#start();
      this.#queue.push({ request, resolve, reject });
      this.#dispatch();
    });
  }

  isCancelled(): boolean {
    return Atomics.load(this.#cancelFlag, 0) !== 0;
  }

  /** Jobs under way return early, waiting ones are not begun. Their promises still settle. */
  cancel(): void {
    Atomics.store(this.#cancelFlag, 0, 1);
    this.#rejectQueue(cancelled());
  }

  /** Call it only when no job is under way: ending a thread within a system call would leave work half done. */
  close(): void {
    for (const { worker } of this.#workers) worker.terminate();
    this.#workers = [];
  }

  #start(): void {
    for (let index = 0; index < this.parallelism; index++) {
      const worker = this.#spawn();
      const poolWorker: PoolWorker = { worker, running: new Map() };
      worker.onmessage = (event: MessageEvent<JobReply>) => {
        const reply = event.data;
        const waiting = poolWorker.running.get(reply.id);
        poolWorker.running.delete(reply.id);
        this.#dispatch();
        if (reply.ok) waiting?.resolve(reply.output as never);
        else waiting?.reject(receivedError(reply.error));
      };
      worker.onerror = (event) => this.#lose(poolWorker, event.message);
      // However it ends, nobody must be left waiting for it.
      worker.addEventListener("close", () => this.#lose(poolWorker, "it ended"));
      const setup: WorkerSetup = { cancelFlag: this.#cancelFlag };
      worker.postMessage(setup);
      this.#workers.push(poolWorker);
    }
  }

  /** What it was doing has failed; the others go on, and if there are none the next job starts new ones. */
  #lose(lost: PoolWorker, reason: string): void {
    if (!this.#workers.includes(lost)) return;
    this.#workers = this.#workers.filter((poolWorker) => poolWorker !== lost);
    lost.worker.terminate();
    const error = new BtdtError("INTERNAL", `a worker thread failed: ${reason}`);
    for (const waiting of lost.running.values()) waiting.reject(error);
    lost.running.clear();
    if (this.#workers.length === 0) this.#rejectQueue(error);
    else this.#dispatch();
  }

  #rejectQueue(error: Error): void {
    const queue = this.#queue.slice(this.#queueStart);
    this.#queue = [];
    this.#queueStart = 0;
    for (const waiting of queue) waiting.reject(error);
  }

  #dispatch(): void {
    for (let depth = 1; depth <= JOBS_PER_WORKER; depth++) {
      for (const { worker, running } of this.#workers) {
        if (running.size >= depth) continue;
        const waiting = this.#queue[this.#queueStart];
        if (waiting === undefined) {
          this.#queue = [];
          this.#queueStart = 0;
          return;
        }
        this.#queueStart += 1;
        running.set(waiting.request.id, waiting);
        worker.postMessage(waiting.request);
      }
    }
  }
}

function cancelled(): BtdtError {
  return new BtdtError("CANCELLED", "stopped before the work was done");
}

/** Runs jobs at once on the calling thread: for few files, which are done before a worker would be up. */
export class InlineRunner implements Runner {
  readonly parallelism = 1;
  readonly #context: JobContext;

  constructor(context: JobContext) {
    this.#context = context;
  }

  async run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    return job.run(input, this.#context);
  }
}
