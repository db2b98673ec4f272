import { BtdtError } from "../base/errors.ts";
import type { Job, JobContext, Runner } from "./job.ts";
import { type JobReply, type JobRequest, receivedError, type WorkerSetup } from "./messages.ts";

/** A second job waits at each worker, so that none is idle while the answer to the first travels. */
const JOBS_PER_WORKER = 2;

interface Waiting {
  readonly request: JobRequest;
  readonly runHere: () => unknown;
  readonly resolve: (output: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs jobs in worker threads, which are started by the first job, so that a command without work for them
 * does not pay for them. The calling thread is one of those that work: whenever it gives way and jobs are waiting, it does one.
 * That saves a thread with a heap and compiled code of its own, and leaves signals at most one job's length to wait.
 */
export class WorkerPool implements Runner {
  readonly parallelism: number;
  readonly #spawn: () => Worker;
  readonly #cancelFlag = new Int32Array(new SharedArrayBuffer(4));
  readonly #workers: { readonly worker: Worker; readonly running: Map<number, Waiting> }[] = [];
  readonly #queue: Waiting[] = [];
  #queueStart = 0;
  #nextId = 0;
  #isStarted = false;
  #isHelping = false;

  /** @param parallelism how many threads work, the calling one included */
  constructor(parallelism: number, spawn: () => Worker) {
    this.parallelism = parallelism;
    this.#spawn = spawn;
  }

  run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    this.start();
    const request: JobRequest = { id: this.#nextId++, jobName: job.name, input };
    return new Promise<Output>((resolve, reject) => {
      const runHere = (): unknown => job.run(input, { isCancelled: () => this.isCancelled() });
      this.#queue.push({ request, runHere, resolve, reject });
      this.#dispatch();
      this.#help();
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

  /** Starts the threads ahead of the first job, so that they come up while the caller prepares it. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (let index = 1; index < this.parallelism; index++) {
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
        if (running.size >= depth) continue;
        const waiting = this.#next();
        if (waiting === undefined) return;
        running.set(waiting.request.id, waiting);
        worker.postMessage(waiting.request);
      }
    }
  }

  /** The first job in line; undefined when there is none. Cancelled ones are settled and passed over. */
  #next(): Waiting | undefined {
    for (;;) {
      const waiting = this.#queue[this.#queueStart];
      if (waiting === undefined) {
        this.#queue.length = 0;
        this.#queueStart = 0;
        return undefined;
      }
      this.#queueStart += 1;
      if (!this.isCancelled()) return waiting;
      waiting.reject(new BtdtError("CANCELLED", "stopped before the work was done"));
    }
  }

  #help(): void {
    if (this.#isHelping) return;
    this.#isHelping = true;
    // Between two jobs messages and signals have their turn.
    setImmediate(() => {
      this.#isHelping = false;
      const waiting = this.#next();
      if (waiting === undefined) return;
      try {
        waiting.resolve(waiting.runHere() as never);
      } catch (error) {
        waiting.reject(error);
      }
      this.#help();
    });
  }
}

/** Runs jobs at once on the calling thread: for few files, which are done before a worker would be up. */
export class InlineRunner implements Runner {
  readonly parallelism = 1;
  readonly #context: JobContext;

  constructor(context: JobContext) {
    this.#context = context;
  }

  start(): void {
    // Nothing to start.
  }

  async run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    return job.run(input, this.#context);
  }
}
