import { BtdtError, type ErrorCode } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";
import type { JobClaims } from "./job-claims.ts";

/** What the pool sends to a worker. */
export interface JobRequest {
  readonly id: number;
  readonly jobName: string;
  /** If there is a shared part, an object without it. */
  readonly input: unknown;
  /** `last`: the one sent to this worker most recently. */
  readonly shared:
    | { readonly kind: "none" }
    | { readonly kind: "new"; readonly value: object }
    | { readonly kind: "last" };
  /** The slot in the worker's claims at which the job is offered. */
  readonly slot: number;
}

/** Sent once, before any request. */
export interface WorkerSetup {
  /** One word, non-zero once work should stop. */
  readonly cancelFlag: Int32Array;
  /** This worker's. */
  readonly claims: JobClaims;
  /** Whether it is one of many threads that wait for a slow volume. */
  readonly isVolumeSlow: boolean;
}

/** What a worker sends back once, when it has loaded its code and can take jobs. */
export interface WorkerReady {
  readonly isReady: true;
}

/** What a worker sends back for each request whose job it took. */
export type JobReply = {
  readonly id: number;
  /** See `hasMostlyWaited`. */
  readonly hasWaited: boolean;
} & ({ readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly error: SentError });

/** What a `node:fs` error says about the call that failed, as far as it does. */
interface FailedCall {
  readonly syscall?: string;
  readonly path?: string;
  readonly dest?: string;
}

/** An error, including its code, in a form that can be sent between threads. */
export type SentError =
  | {
      readonly kind: "btdt";
      readonly code: ErrorCode;
      readonly message: string;
      readonly path: string | undefined;
      readonly hint: string | undefined;
    }
  /** From `node:fs`; the caller knows what it means. */
  | {
      readonly kind: "system";
      readonly errno: string;
      readonly message: string;
      readonly call: FailedCall;
    };

export function sendableError(error: unknown): SentError {
  if (error instanceof BtdtError) {
    const { code, message, path, hint } = error;
    return { kind: "btdt", code, message, path, hint };
  }
  const errno = errnoOf(error);
  if (errno !== undefined && error instanceof Error)
    return { kind: "system", errno, message: error.message, call: describeCall(error) };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: "btdt", code: "INTERNAL", message, path: undefined, hint: undefined };
}

function describeCall(error: Error & { syscall?: unknown; path?: unknown; dest?: unknown }): FailedCall {
  const { syscall, path, dest } = error;
  return {
    ...(typeof syscall === "string" ? { syscall } : {}),
    ...(typeof path === "string" ? { path } : {}),
    ...(typeof dest === "string" ? { dest } : {}),
  };
}

export function receivedError(sent: SentError): Error {
  switch (sent.kind) {
    case "system":
      return Object.assign(new Error(sent.message), sent.call, { code: sent.errno });
    case "btdt":
      return new BtdtError(sent.code, sent.message, {
        ...(sent.path === undefined ? {} : { path: sent.path }),
        ...(sent.hint === undefined ? {} : { hint: sent.hint }),
      });
  }
}
