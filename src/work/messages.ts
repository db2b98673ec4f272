import { BtdtError, type ErrorCode } from "../base/errors.ts";

/** What the pool posts to a worker. */
export interface JobRequest {
  readonly id: number;
  readonly jobName: string;
  readonly input: unknown;
}

/** Sent once, before any request: one 32-bit word that is non-zero once work is to stop. */
export interface WorkerSetup {
  readonly cancelFlag: Int32Array;
}

/** What a worker posts back, one for each request. */
export type JobReply =
  | { readonly id: number; readonly ok: true; readonly output: unknown }
  | { readonly id: number; readonly ok: false; readonly error: SentError };

/** An error in a form that crosses threads with its code. */
export interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly path: string | undefined;
  readonly hint: string | undefined;
}

export function sendableError(error: unknown): SentError {
  if (error instanceof BtdtError) {
    return { code: error.code, message: error.message, path: error.path, hint: error.hint };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "INTERNAL", message, path: undefined, hint: undefined };
}

export function receivedError(sent: SentError): BtdtError {
  return new BtdtError(sent.code, sent.message, {
    ...(sent.path === undefined ? {} : { path: sent.path }),
    ...(sent.hint === undefined ? {} : { hint: sent.hint }),
  });
}
