import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";

/** Turns whatever was thrown into an error to report. What neither a file system nor a lack of memory explains is a bug. */
export function explainFailure(error: unknown): BtdtError {
  if (error instanceof BtdtError) return error;
  if (errnoOf(error) !== undefined) return describeSystemError(error);
  if (isOutOfMemory(error)) {
    return new BtdtError("SYSTEM", "not enough memory", { hint: "raise the memory limit", cause: error });
  }
  if (isExecutableMemoryRefused(error)) {
    return new BtdtError("SYSTEM", "this process may not create executable memory, which btdt needs", {
      hint: "lift the limit: ulimit -v, MemoryDenyWriteExecute= of systemd, deny_execmem of SELinux, or PR_SET_MDWE",
      cause: error,
    });
  }
  if (isThreadRefused(error)) {
    return new BtdtError("SYSTEM", "no thread could be started", {
      hint: "allow more processes and threads: pids.max of the cgroup, ulimit -u",
      cause: error,
    });
  }
  const description = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new BtdtError("INTERNAL", description, { hint: "this is a bug in btdt; please report it" });
}

/** A longer word is a path that nobody reads as a whole. */
const LONGEST_WORD_LENGTH = 600;
const KEPT_LENGTH = 200;

/** The message and what to do about it, on one line. */
export function summarizeError({ message, hint }: BtdtError): string {
  return escapeControls(shortenPaths(`${message}${hint === undefined ? "" : ` (${hint})`}`));
}

/** Cuts very long paths in their middle. */
export function shortenPaths(sentence: string): string {
  return sentence.replaceAll(/\S+/g, (word) =>
    word.length > LONGEST_WORD_LENGTH ? `${word.slice(0, KEPT_LENGTH)}…${word.slice(-KEPT_LENGTH)}` : word,
  );
}

/** For JSON documents. */
export function describeError({ code, message, hint, path }: BtdtError) {
  return { code, message, hint, path };
}

/** `node:fs` errors name the system call and, mostly, the path. */
function describeSystemError(error: unknown): BtdtError {
  const { syscall, path } = error as { readonly syscall?: unknown; readonly path?: unknown };
  const call = typeof syscall === "string" ? syscall : "a system call";
  const name = typeof path === "string" && path !== "" ? escapeControls(path) : undefined;
  const place = name === undefined ? "" : ` for ${name}`;
  return new BtdtError("SYSTEM", `${call} failed${place}: ${reasonOf(error)}`, {
    ...(name === undefined ? {} : { path: name }),
    cause: error,
  });
}

/** What Bun says when it cannot compile calls of libc. */
function isExecutableMemoryRefused(error: unknown): boolean {
  return error instanceof TypeError && error.message === "bun:ffi requires the JIT";
}

/** What Bun says when it cannot start a worker. Its own threads would be refused next, and then it aborts. */
function isThreadRefused(error: unknown): boolean {
  return error instanceof TypeError && error.message === "Failed to spawn worker thread";
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && /out of memory/i.test(error.message);
}
