import { BtdtError, type ErrorCode } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";
import type { JobClaims } from "./job-claims.ts";

/** What the pool posts to a worker. */
export interface JobRequest {
  readonly id: number;
  readonly jobName: string;
  /** When there is a shared part, an object that lacks it. */
  readonly input: unknown;
  /** `last`: the one that was sent to this worker last. */
  readonly shared:
    | { readonly kind: "none" }
    | { readonly kind: "new"; readonly value: object }
    | { readonly kind: "last" };
  /** Where in the worker's claims the job is offered. */
  readonly slot: number;
}

/** Sent once, before any request. */
export interface WorkerSetup {
  /** One word that is non-zero once work is to stop. */
  readonly cancelFlag: Int32Array;
  /** This worker's. */
  readonly claims: JobClaims;
}

/** What a worker posts back for each request whose job it got. */
export type JobReply =
  | { readonly id: number; readonly ok: true; readonly output: unknown }
  | { readonly id: number; readonly ok: false; readonly error: SentError };

/** An error in a form that crosses threads with its code. */
export type SentError =
  | {
      readonly kind: "btdt";
      readonly code: ErrorCode;
      readonly message: string;
      readonly path: string | undefined;
      readonly hint: string | undefined;
    }
  /** One of `node:fs`: what it means is for the caller to say. */
  | { readonly kind: "system"; readonly errno: string; readonly message: string };

export function sendableError(error: unknown): SentError {
  if (error instanceof BtdtError) {
    const { code, message, path, hint } = error;
    return { kind: "btdt", code, message, path, hint };
  }
  const errno = errnoOf(error);
  if (errno !== undefined && error instanceof Error) return { kind: "system", errno, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: "btdt", code: "INTERNAL", message, path: undefined, hint: undefined };
}

export function receivedError(sent: SentError): Error {
  switch (sent.kind) {
    case "system":
      return Object.assign(new Error(sent.message), { code: sent.errno });
    case "btdt":
      return new BtdtError(sent.code, sent.message, {
        ...(sent.path === undefined ? {} : { path: sent.path }),
        ...(sent.hint === undefined ? {} : { hint: sent.hint }),
      });
  }
}
