import { BtdtError } from "../base/errors.ts";
import { allocateJobClaims, type JobClaims, offerJob, takeJob } from "./job-claims.ts";
import {
  type JobReply,
  type JobRequest,
  receivedError,
  type WorkerReady,
  type WorkerSetup,
} from "./messages.ts";

/**
 * One running job and others waiting behind it: the calling thread has jobs of its own, and while it is busy with one
 * it sends none.
 */
export const JOBS_PER_WORKER = 4;

/** Which jobs are meant; see `Job.isHeavy`. */
export type JobWeight = "light" | "heavy" | "any";

/** A job that nobody has started, and who waits for it. */
export interface WaitingJob {
  readonly request: Omit<JobRequest, "shared" | "slot">;
  /** The part of its input that it shares with other jobs. */
  readonly shared: object | undefined;
  /** See `Job`. */
  readonly isHeavy: boolean;
  /** Runs it on the calling thread. */
  readonly runHere: () => unknown;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface SentJob extends WaitingJob {
  readonly slot: number;
}

interface PoolWorkerEvents {
  /** It has loaded its code. */
  readonly onReady: () => void;
  /** A job is done; its promise settles after this call. @param hasWaited see `hasMostlyWaited` */
  readonly onReply: (hasWaited: boolean) => void;
  /** The thread has ended. Its running job is rejected; `waiting` are those not started. */
  readonly onLoss: (worker: PoolWorker, waiting: readonly WaitingJob[]) => void;
}

/** One thread and the jobs that were sent to it. */
export class PoolWorker {
  readonly #worker: Worker;
  readonly #events: PoolWorkerEvents;
  readonly #sent = new Map<number, SentJob>();
  readonly #claims: JobClaims = allocateJobClaims(JOBS_PER_WORKER);
  readonly #freeSlots: number[] = [...this.#claims.keys()];
  /** The shared part of an input that it received last. */
  #lastShared: object | undefined;
  #isReady = false;
  #isLost = false;

  constructor(worker: Worker, setup: Omit<WorkerSetup, "claims">, events: PoolWorkerEvents) {
    this.#worker = worker;
    this.#events = events;
    worker.onmessage = ({ data }: MessageEvent<JobReply | WorkerReady>) => {
      if ("isReady" in data) this.#begin();
      else this.#receive(data);
    };
    worker.onerror = (event) => this.#lose(event.message);
    // However it ends, nobody must be left waiting.
    worker.addEventListener("close", () => this.#lose("it ended"));
    worker.postMessage({ ...setup, claims: this.#claims } satisfies WorkerSetup);
  }

  /** Whether it has loaded its code; jobs can be sent before. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether started or not. */
  get jobCount(): number {
    return this.#sent.size;
  }

  /** The worker must have fewer than JOBS_PER_WORKER. */
  send(job: WaitingJob): void {
    const { request, shared } = job;
    const slot = this.#freeSlots.pop() ?? 0;
    this.#sent.set(request.id, { ...job, slot });
    offerJob(this.#claims, slot, request.id);
    const message: JobRequest = { ...request, slot, shared: this.#howToShare(shared) };
    this.#worker.postMessage(message);
    if (shared !== undefined) this.#lastShared = shared;
  }

  #howToShare(shared: object | undefined): JobRequest["shared"] {
    if (shared === undefined) return { kind: "none" };
    return shared === this.#lastShared ? { kind: "last" } : { kind: "new", value: shared };
  }

  /** Takes back a job that it has not started: the one that would wait longest. */
  takeBack(weight: JobWeight): WaitingJob | undefined {
    for (const { request, slot, isHeavy } of [...this.#sent.values()].toReversed()) {
      if (weight === (isHeavy ? "light" : "heavy")) continue;
      if (takeJob(this.#claims, slot, request.id)) return this.#takeOff(request.id);
    }
    return undefined;
  }

  terminate(): void {
    this.#worker.terminate();
  }

  #begin(): void {
    this.#isReady = true;
    this.#events.onReady();
  }

  #receive(reply: JobReply): void {
    const job = this.#takeOff(reply.id);
    this.#events.onReply(reply.hasWaited);
    if (reply.ok) job?.resolve(reply.output);
    else job?.reject(receivedError(reply.error));
  }

  #takeOff(id: number): WaitingJob | undefined {
    const job = this.#sent.get(id);
    if (job === undefined) return undefined;
    this.#sent.delete(id);
    this.#freeSlots.push(job.slot);
    return job;
  }

  #lose(reason: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#worker.terminate();
    const waiting = [...this.#sent.values()].filter(({ request, slot }) =>
      takeJob(this.#claims, slot, request.id),
    );
    for (const { request } of waiting) this.#takeOff(request.id);
    const error = new BtdtError("INTERNAL", `a worker thread failed: ${reason}`);
    for (const job of this.#sent.values()) job.reject(error);
    this.#sent.clear();
    this.#events.onLoss(this, waiting);
  }
}
