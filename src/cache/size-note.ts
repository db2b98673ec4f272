import { closeSync, constants, renameSync, unlinkSync, writeSync } from "node:fs";
import { type ByteString, display, fsPath } from "../base/byte-string.ts";
import { errnoOf, ignoringErrno } from "../fs/errno.ts";
import { closeWritten } from "../fs/native/close-written.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { openRegularFile, readRegularFile, statusOf, writeNewFile } from "../fs/regular-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import type { Session } from "./session.ts";

/** A longer one has so many additions that it is time to measure again. */
const MOST_NOTE_BYTES = 64 * 1024;
/** Not every change of the cache is noted, so what was measured longer ago is no longer believed. */
const LONGEST_BELIEVED_MS = 24 * 60 * 60 * 1000;
const NOTE = /^btdt cache size 1\n(\d{1,15}) (\d{1,15})\n((?:\+\d{1,15}\n)*)$/;

/**
 * How much a cache takes, as far as that is known without taking stock: what the last clean measured, and what stores
 * have added since. It exists only if a store has asked for it. Additions are made under the shared lock, together
 * with the keys that need them, and a clean replaces the note under the exclusive lock, so neither loses what the
 * other does. It is only a hint: what deletes anything measures first.
 * @returns bytes; undefined if it is not known
 */
export function readSizeNote(cache: CacheDirectory): number | undefined {
  try {
    const { bytes, status } = readRegularFile(cache.sizeNote, MOST_NOTE_BYTES + 1);
    const [, measuredMs, measured, additions = ""] = NOTE.exec(bytes.toString("latin1")) ?? [];
    if (bytes.length > MOST_NOTE_BYTES || measured === undefined) return undefined;
    // How long after the measurement something was last added, both by the file system's clock.
    const ageMs = mtimeMs(status) - Number(measuredMs);
    if (ageMs < -1000 || ageMs > LONGEST_BELIEVED_MS) return undefined;
    return additions.split("\n").reduce((sum, added) => sum + Number(added), Number(measured));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Adds what a store has written, if there is a note. If that fails, the note is wrong, and is removed. */
export function addToSizeNote(cache: CacheDirectory, addedBytes: number): void {
  try {
    const descriptor = openForAppending(cache.sizeNote);
    try {
      writeSync(descriptor, `+${Math.round(addedBytes)}\n`);
    } finally {
      closeWritten(descriptor);
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno !== "ENOENT") removeNote(cache);
  }
}

/**
 * Notes what a clean has measured, or removes a note that it cannot replace.
 * @param isWanted create it if there is none
 */
export function replaceSizeNote(
  cache: CacheDirectory,
  session: Session,
  measured: { readonly nowMs: number; readonly bytes: number },
  isWanted: boolean,
): void {
  if (!isWanted && !hasNote(cache)) return;
  const temporary = session.temporaryPath();
  const note = `btdt cache size 1\n${Math.floor(measured.nowMs)} ${Math.round(measured.bytes)}\n`;
  try {
    // Not flushed: what a power cut makes of it is not believed.
    writeNewFile(temporary, Buffer.from(note), cache.access);
    renameSync(fsPath(temporary), fsPath(cache.sizeNote));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    removeNote(cache);
  }
}

function removeNote(cache: CacheDirectory): void {
  ignoringErrno(() => unlinkSync(fsPath(cache.sizeNote)));
}

function hasNote(cache: CacheDirectory): boolean {
  try {
    closeSync(openForAppending(cache.sizeNote));
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** A file with several names is not a note: one of them may be outside the cache. */
function openForAppending(path: ByteString): number {
  const descriptor = openRegularFile(path, constants.O_WRONLY | constants.O_APPEND);
  if (statusOf(descriptor).linkCount <= 1) return descriptor;
  closeSync(descriptor);
  throw Object.assign(new Error(`EMLINK: '${display(path)}'`), { code: "EMLINK" });
}
