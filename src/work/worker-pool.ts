import { BtdtError } from "../base/errors.ts";
import type { Job, JobContext, Runner } from "./job.ts";
import { type JobReply, type JobRequest, receivedError, type WorkerSetup } from "./messages.ts";

/** A second job waits at each worker, so that none is idle while the answer to the first travels. */
const JOBS_PER_WORKER = 2;

interface Waiting {
  readonly request: JobRequest;
  readonly resolve: (output: never) => void;
  readonly reject: (error: BtdtError) => void;
}

/**
 * Runs jobs in worker threads, which are started by the first job, so that a command without work for them
 * does not pay for them.
 */
export class WorkerPool implements Runner {
  readonly parallelism: number;
  readonly #spawn: () => Worker;
  readonly #cancelFlag = new Int32Array(new SharedArrayBuffer(4));
  readonly #workers: { readonly worker: Worker; readonly running: Map<number, Waiting> }[] = [];
  readonly #queue: Waiting[] = [];
  #queueStart = 0;
  #nextId = 0;

  constructor(parallelism: number, spawn: () => Worker) {
    this.parallelism = parallelism;
    this.#spawn = spawn;
  }

  run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    if (this.#workers.length === 0) this.#start();
    const request: JobRequest = { id: this.#nextId++, jobName: job.name, input };
    return new Promise<Output>((resolve, reject) => {
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
  }

  /** Call it only when no job is under way: ending a thread within a system call would leave work half done. */
  close(): void {
    for (const { worker } of this.#workers) worker.terminate();
    this.#workers.length = 0;
  }

  #start(): void {
    for (let index = 0; index < this.parallelism; index++) {
      const worker = this.#spawn();
      const running = new Map<number, Waiting>();
      worker.onmessage = (event: MessageEvent<JobReply>) => {
        const reply = event.data;
        const waiting = running.get(reply.id);
        running.delete(reply.id);
        this.#dispatch();
        if (reply.ok) waiting?.resolve(reply.output as never);
        else waiting?.reject(receivedError(reply.error));
      };
      worker.onerror = (event) => {
        const error = new BtdtError("INTERNAL", `a worker thread failed: ${event.message}`);
        for (const waiting of running.values()) waiting.reject(error);
        running.clear();
      };
      const setup: WorkerSetup = { cancelFlag: this.#cancelFlag };
      worker.postMessage(setup);
      this.#workers.push({ worker, running });
    }
  }

  #dispatch(): void {
    for (let depth = 1; depth <= JOBS_PER_WORKER; depth++) {
      for (const { worker, running } of this.#workers) {
        const waiting = this.#queue[this.#queueStart];
        if (waiting === undefined) {
          this.#queue.length = 0;
          this.#queueStart = 0;
          return;
        }
        if (running.size >= depth) continue;
        this.#queueStart += 1;
        if (this.isCancelled()) {
          waiting.reject(new BtdtError("CANCELLED", "stopped before the work was done"));
          continue;
        }
        running.set(waiting.request.id, waiting);
        worker.postMessage(waiting.request);
      }
    }
  }
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
