import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { isDigestHex } from "../base/digest.ts";
import { errnoOf } from "../fs/errno.ts";
import { isAbandoned, removeAbandoned } from "../fs/locked-directory.ts";
import { namesIn } from "../fs/names-in.ts";
import { lstat, mtimeMs } from "../fs/native/file-status.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import { readPayloadFile } from "./read-payload-file.ts";

/** A session, as seen by another process. */
export interface SessionTrace {
  readonly directory: ByteString;
  /** Its process has ended, so nothing in it will ever be used. */
  readonly isDead: boolean;
  /** The manifest files that it is about to publish. */
  readonly intents: readonly Uint8Array[];
}

/**
 * All sessions. Call it under the exclusive lock, while no intent can appear.
 * @param nowMs by the file system's clock
 * @param graceMs younger ones count as alive
 * @throws a `node:fs` error
 */
export function listSessions(cache: CacheDirectory, nowMs: number, graceMs: number): SessionTrace[] {
  const traces: SessionTrace[] = [];
  for (const text of namesIn(cache.sessions)) {
    const directory = joinBytes(cache.sessions, bytesFromText(text));
    try {
      const status = lstat(directory);
      if (status?.kind !== "directory") continue;
      const isDead = nowMs - mtimeMs(status) >= graceMs && isAbandoned(directory, nowMs);
      traces.push({ directory, isDead, intents: isDead ? [] : readIntents(directory) });
    } catch (error) {
      // It was just closed, or a listing failed: then nobody knows what it is about to publish.
      if (errnoOf(error) !== "ENOENT" || lstat(directory) !== undefined) throw error;
    }
  }
  return traces;
}

function readIntents(directory: ByteString): Uint8Array[] {
  return namesIn(directory)
    .filter(isDigestHex)
    .map((name) => joinBytes(directory, bytesFromText(name)))
    .flatMap((path) => readIntent(path) ?? []);
}

/** Undefined if it is gone: its session is being closed, and has published what it announced, or given up. */
function readIntent(path: ByteString): Uint8Array | undefined {
  try {
    return lstat(path)?.kind === "file" ? readPayloadFile(path) : undefined;
  } catch (error) {
    // A single answer that it does not exist is not trusted.
    if (errnoOf(error) !== "ENOENT" || lstat(path) !== undefined) throw error;
    return undefined;
  }
}

/** @param isOverdue see `removeAbandoned` @returns false if it was stopped @throws a `node:fs` error */
export function removeSession(trace: SessionTrace, isOverdue: () => boolean): boolean {
  return removeAbandoned(trace.directory, isOverdue);
}
