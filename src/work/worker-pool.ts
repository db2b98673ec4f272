import { BtdtError } from "../base/errors.ts";
import type { WorkDone } from "../base/progress.ts";
import type { Job, JobContext, Runner } from "./job.ts";
import { type JobClaims, jobClaims, offerJob, takeJob } from "./job-claims.ts";
import { type JobReply, type JobRequest, receivedError, type WorkerSetup } from "./messages.ts";

/** A second job waits at each worker, so that none is idle while the answer to the first travels. */
const JOBS_PER_WORKER = 2;

/** Told what each job has done, when it has ended well. */
type WorkListener = (done: WorkDone) => void;

interface PoolWorker {
  readonly worker: Worker;
  readonly running: Map<number, SentJob>;
  readonly claims: JobClaims;
  readonly freeSlots: number[];
  /** What it was sent last as the shared part of an input. */
  lastShared: object | undefined;
}

interface Waiting {
  readonly request: Omit<JobRequest, "shared" | "slot">;
  readonly shared: object | undefined;
  readonly runHere: () => unknown;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface SentJob extends Waiting {
  readonly slot: number;
}

/**
 * Runs jobs in worker threads, which are started by the first job, so that a command without work for them
 * does not pay for them. The calling thread is one of those that work: whenever it gives way and jobs are waiting, it
 * does one. That saves a thread with a heap and compiled code of its own, and leaves signals at most one job's length to
 * wait.
 */
export class WorkerPool implements Runner {
  readonly parallelism: number;
  readonly #spawn: () => Worker;
  readonly #onWork: WorkListener;
  readonly #cancelFlag = new Int32Array(new SharedArrayBuffer(4));
  #workers: PoolWorker[] = [];
  #queue: Waiting[] = [];
  #queueStart = 0;
  #nextId = 0;
  #isStarted = false;
  #isHelping = false;

  /** @param parallelism how many threads work, the calling one included */
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
      const runHere = (): unknown => job.run(inputOf(), { isCancelled: () => this.isCancelled() });
      this.#queue.push({ request, shared, runHere, resolve, reject });
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
    this.#rejectQueue(cancelled());
  }

  /** Call it only when no job is under way: ending a thread within a system call would leave work half done. */
  close(): void {
    for (const { worker } of this.#workers) worker.terminate();
    this.#workers = [];
  }

  /** Starts the threads ahead of the first job, so that they come up while the caller prepares it. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (let index = 1; index < this.parallelism; index++) {
      const worker = this.#spawn();
      const claims = jobClaims(JOBS_PER_WORKER);
      const freeSlots = [...claims.keys()];
      const poolWorker: PoolWorker = { worker, running: new Map(), claims, freeSlots, lastShared: undefined };
      worker.onmessage = (event: MessageEvent<JobReply>) => {
        const reply = event.data;
        const waiting = takeOff(poolWorker, reply.id);
        this.#dispatch();
        this.#help();
        if (reply.ok) waiting?.resolve(reply.output);
        else waiting?.reject(receivedError(reply.error));
      };
      worker.onerror = (event) => this.#lose(poolWorker, event.message);
      // However it ends, nobody must be left waiting for it.
      worker.addEventListener("close", () => this.#lose(poolWorker, "it ended"));
      const setup: WorkerSetup = { cancelFlag: this.#cancelFlag, claims };
      worker.postMessage(setup);
      this.#workers.push(poolWorker);
    }
  }

  /** What it was doing has failed; the others go on. */
  #lose(lost: PoolWorker, reason: string): void {
    if (!this.#workers.includes(lost)) return;
    this.#workers = this.#workers.filter((poolWorker) => poolWorker !== lost);
    lost.worker.terminate();
    const error = new BtdtError("INTERNAL", `a worker thread failed: ${reason}`);
    for (const waiting of lost.running.values()) waiting.reject(error);
    lost.running.clear();
    this.#dispatch();
  }

  #rejectQueue(error: Error): void {
    const queue = this.#queue.slice(this.#queueStart);
    this.#queue = [];
    this.#queueStart = 0;
    for (const waiting of queue) waiting.reject(error);
  }

  #dispatch(): void {
    for (let depth = 1; depth <= JOBS_PER_WORKER; depth++) {
      for (const poolWorker of this.#workers) {
        if (poolWorker.running.size >= depth) continue;
        const waiting = this.#next();
        if (waiting === undefined) return;
        send(poolWorker, waiting);
      }
    }
  }

  #next(): Waiting | undefined {
    const waiting = this.#queue[this.#queueStart];
    if (waiting === undefined) {
      this.#queue = [];
      this.#queueStart = 0;
    } else {
      this.#queueStart += 1;
    }
    return waiting;
  }

  /** A job that was sent to a worker, but that it has not come to yet: the one that would wait longest. */
  #takeBack(): Waiting | undefined {
    for (const poolWorker of this.#workers) {
      for (const { request, slot } of [...poolWorker.running.values()].toReversed()) {
        if (takeJob(poolWorker.claims, slot, request.id)) return takeOff(poolWorker, request.id);
      }
    }
    return undefined;
  }

  #help(): void {
    if (this.#isHelping) return;
    this.#isHelping = true;
    // Between two jobs messages and signals have their turn.
    setImmediate(() => {
      this.#isHelping = false;
      const waiting = this.#next() ?? this.#takeBack();
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

function send(poolWorker: PoolWorker, waiting: Waiting): void {
  const { request, shared } = waiting;
  const slot = poolWorker.freeSlots.pop() ?? 0;
  poolWorker.running.set(request.id, { ...waiting, slot });
  offerJob(poolWorker.claims, slot, request.id);
  const message = (how: JobRequest["shared"]): JobRequest => ({ ...request, slot, shared: how });
  if (shared === undefined) {
    poolWorker.worker.postMessage(message({ kind: "none" }));
  } else if (shared === poolWorker.lastShared) {
    poolWorker.worker.postMessage(message({ kind: "last" }));
  } else {
    poolWorker.worker.postMessage(message({ kind: "new", value: shared }));
    poolWorker.lastShared = shared;
  }
}

function noteWork<Input, Output>(
  job: Job<Input, Output>,
  inputOf: () => Input,
  output: Output,
  onWork: WorkListener,
): void {
  if (job.workOf !== undefined) onWork(job.workOf(inputOf(), output));
}

/** It is done, or somebody else does it. */
function takeOff(poolWorker: PoolWorker, id: number): Waiting | undefined {
  const sent = poolWorker.running.get(id);
  if (sent === undefined) return undefined;
  poolWorker.running.delete(id);
  poolWorker.freeSlots.push(sent.slot);
  return sent;
}

function cancelled(): BtdtError {
  return new BtdtError("CANCELLED", "stopped before the work was done");
}

/** Runs jobs at once on the calling thread: for few files, which are done before a worker would be up. */
export class InlineRunner implements Runner {
  readonly parallelism = 1;
  readonly #context: JobContext;
  readonly #onWork: WorkListener;

  constructor(context: JobContext, onWork: WorkListener = () => undefined) {
    this.#context = context;
    this.#onWork = onWork;
  }

  start(): void {
    // There is nothing to start.
  }

  async run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    const output = job.run(input, this.#context);
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
