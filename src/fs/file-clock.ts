import { type ByteString, parentOf } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import type { FileAttributes } from "./file-attributes.ts";
import { emptyStatus, type FileStatus, fstat, lstatBuffer } from "./native/file-status.ts";
import type { PathBuffer } from "./native/path-buffer.ts";
import { closeQuickly } from "./native/quick-file.ts";
import { trySetOpenMtime } from "./native/set-times.ts";
import { openNamelessFile } from "./open-nameless-file.ts";

/**
 * What modification times a file system can hold: ext4 with 128-byte inodes holds whole seconds from 1901 to 2038,
 * XFS without `bigtime` nanoseconds in these years.
 */
export interface FileClock {
  /** Times are multiples of it, rounded down. */
  readonly granularityNanoseconds: number;
  /** Other times become the first or the last one. Infinite where no limit was found. */
  readonly firstSeconds: number;
  readonly lastSeconds: number;
}

const SAMPLE_NANOSECONDS = 123_456_789;
/** Where this can be held, any time can: tmpfs and Btrfs hold 64 bits of seconds. */
const FAR_SECONDS = 2 ** 40;
const GRANULARITIES = [1, 100, 1000, 1_000_000, 1_000_000_000];
/** All file systems hold these: 1901 to 2038. */
const NARROWEST_SECONDS = 2 ** 31;

const status = emptyStatus();
const known = new Map<number, FileClock | undefined>();

/**
 * Whether a file has the modification time that its file system makes of an expected one.
 * @param path the file's; what its file system holds is tried out next to it, once
 */
export function isTimeKept(
  found: FileStatus,
  { mtimeSeconds, mtimeNanoseconds }: Pick<FileAttributes, "mtimeSeconds" | "mtimeNanoseconds">,
  path: PathBuffer,
): boolean {
  if (found.mtimeSeconds === mtimeSeconds) {
    if (found.mtimeNanoseconds === mtimeNanoseconds) return true;
    // Rounding goes down, and leaves zeros.
    if (found.mtimeNanoseconds > mtimeNanoseconds || found.mtimeNanoseconds % 100 !== 0) return false;
  } else if (isHeldByAll(mtimeSeconds)) return false;
  const clock = clockOf(found.device, path);
  if (clock === undefined) return false;
  const held = holdTime(clock, mtimeSeconds, mtimeNanoseconds);
  return found.mtimeSeconds === held.seconds && found.mtimeNanoseconds === held.nanoseconds;
}

/** Whether a path names a regular file with the attributes that its file system makes of the expected ones. */
export function hasKeptAttributes(found: FileStatus, expected: FileAttributes, path: PathBuffer): boolean {
  const { mode, sizeBytes } = expected;
  const hasRest = found.kind === "file" && found.sizeBytes === sizeBytes && found.mode === mode;
  return hasRest && isTimeKept(found, expected, path);
}

/** The attributes that a file has if it has the expected ones, as far as its file system can hold these. */
export function keptAttributes(path: PathBuffer, expected: FileAttributes): FileAttributes {
  if (!lstatBuffer(path, status) || !isTimeKept(status, expected, path)) return expected;
  const { mtimeSeconds, mtimeNanoseconds } = status;
  return { ...expected, mtimeSeconds, mtimeNanoseconds };
}

/** Whether every file system can hold a time, apart from fractions of a second. */
export function isHeldByAll(seconds: number): boolean {
  return seconds >= -NARROWEST_SECONDS && seconds < NARROWEST_SECONDS;
}

/** As the kernel does it (`timestamp_truncate`). */
function holdTime(
  { granularityNanoseconds, firstSeconds, lastSeconds }: FileClock,
  seconds: number,
  nanoseconds: number,
): { readonly seconds: number; readonly nanoseconds: number } {
  if (seconds <= firstSeconds) return { seconds: firstSeconds, nanoseconds: 0 };
  if (seconds >= lastSeconds) return { seconds: lastSeconds, nanoseconds: 0 };
  return { seconds, nanoseconds: nanoseconds - (nanoseconds % granularityNanoseconds) };
}

function clockOf(device: number, path: PathBuffer): FileClock | undefined {
  if (!known.has(device)) known.set(device, readClock(parentOf(path.toBytes())));
  return known.get(device);
}

/** Undefined if it cannot be found out: in a directory that cannot be written to, or without files without names. */
export function readClock(directory: ByteString): FileClock | undefined {
  const descriptor = openNamelessFile(directory);
  if (descriptor === undefined) return undefined;
  try {
    const nanoseconds = readBack(descriptor, 1, SAMPLE_NANOSECONDS)?.mtimeNanoseconds;
    const granularityNanoseconds = GRANULARITIES.find(
      (granularity) => SAMPLE_NANOSECONDS - (SAMPLE_NANOSECONDS % granularity) === nanoseconds,
    );
    const firstSeconds = findLimit(descriptor, -FAR_SECONDS);
    const lastSeconds = findLimit(descriptor, FAR_SECONDS);
    if (granularityNanoseconds === undefined || firstSeconds === undefined || lastSeconds === undefined) {
      return undefined;
    }
    return { granularityNanoseconds, firstSeconds, lastSeconds };
  } finally {
    closeQuickly(descriptor);
  }
}

function findLimit(descriptor: number, farSeconds: number): number | undefined {
  const heldSeconds = readBack(descriptor, farSeconds, 0)?.mtimeSeconds;
  return heldSeconds === farSeconds ? farSeconds * Number.POSITIVE_INFINITY : heldSeconds;
}

function readBack(descriptor: number, seconds: number, nanoseconds: number): FileStatus | undefined {
  if (!trySetOpenMtime(descriptor, seconds, nanoseconds)) return undefined;
  const read = emptyStatus();
  fstat(descriptor, read);
  return read;
}

compileLightly(hasKeptAttributes, isHeldByAll);
