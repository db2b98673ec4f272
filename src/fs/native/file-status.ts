import { type Pointer, ptr } from "bun:ffi";
import type { BigIntStats } from "node:fs";
import { type ByteString, fsPath } from "../../base/byte-string.ts";
import { compileLightly } from "../../base/compile-lightly.ts";
import { constants } from "../file-constants.ts";
import { nodeFs } from "../node-fs.ts";
import { hasFoundNothing } from "./last-error.ts";
import { AT_SYMLINK_NOFOLLOW, linuxLibc } from "./libc.ts";
import { PathBuffer } from "./path-buffer.ts";

export type FileKind = "file" | "directory" | "symlink" | "other";

/**
 * The result of an `lstat`, exact to the nanosecond and without BigInts. Seconds and nanoseconds are separate,
 * because nanoseconds since 1970 do not fit into a double.
 */
export interface FileStatus {
  kind: FileKind;
  /** Permission, set-id and sticky bits: `st_mode & 0o7777`. */
  mode: number;
  sizeBytes: number;
  /** The space that the file takes on disk. */
  allocatedBytes: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  ctimeSeconds: number;
  ctimeNanoseconds: number;
  linkCount: number;
  ownerId: number;
  groupId: number;
  /** Something is mounted here; false where only devices tell (old kernels, other systems). */
  isMountPoint: boolean;
  /** Device and inode: equal if and only if two paths name the same file. */
  device: number;
  inodeHigh: number;
  inodeLow: number;
}

export function emptyStatus(): FileStatus {
  return {
    kind: "other",
    mode: 0,
    sizeBytes: 0,
    allocatedBytes: 0,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0,
    ctimeSeconds: 0,
    ctimeNanoseconds: 0,
    linkCount: 0,
    ownerId: 0,
    groupId: 0,
    isMountPoint: false,
    device: 0,
    inodeHigh: 0,
    inodeLow: 0,
  };
}

const TWO_TO_32 = 0x1_0000_0000;
const AT_EMPTY_PATH = 0x1000;
/** `STATX_BASIC_STATS` without the access time, which network file systems would have to ask for after each read. */
const STATX_ALL_BUT_ATIME = 0x7df;
/** Since Linux 5.8; earlier kernels leave it 0. */
const STATX_ATTR_MOUNT_ROOT = 0x2000;

// `struct statx` of Linux's <linux/stat.h>, as 32-bit words; the kernel promises this layout.
const words = new Uint32Array(new ArrayBuffer(256));
const wordsPointer = ptr(words);
const emptyPath = new PathBuffer().set("" as ByteString);
const scratchPath = new PathBuffer();

const signed64 = (low: number, high: number): number => (high | 0) * TWO_TO_32 + low;

/** Without a call for each word: even small trees would reach the number at which the engine compiles it, in a thread. */
function readStatx(into: FileStatus): void {
  const { 2: attributes = 0, 7: typeAndMode = 0, 4: linkCount = 0, 5: ownerId = 0, 6: groupId = 0 } = words;
  const { 8: inodeLow = 0, 9: inodeHigh = 0, 34: deviceMajor = 0, 35: deviceMinor = 0 } = words;
  const { 10: sizeLow = 0, 11: sizeHigh = 0, 12: blocksLow = 0, 13: blocksHigh = 0 } = words;
  const { 24: ctimeLow = 0, 25: ctimeHigh = 0, 26: ctimeNanoseconds = 0 } = words;
  const { 28: mtimeLow = 0, 29: mtimeHigh = 0, 30: mtimeNanoseconds = 0 } = words;
  into.kind = kindOf(typeAndMode & 0xffff);
  into.mode = typeAndMode & 0o7777;
  into.isMountPoint = (attributes & STATX_ATTR_MOUNT_ROOT) !== 0;
  into.linkCount = linkCount;
  into.ownerId = ownerId;
  into.groupId = groupId;
  into.inodeLow = inodeLow;
  into.inodeHigh = inodeHigh;
  into.sizeBytes = signed64(sizeLow, sizeHigh);
  into.allocatedBytes = signed64(blocksLow, blocksHigh) * 512;
  into.ctimeSeconds = signed64(ctimeLow, ctimeHigh);
  into.ctimeNanoseconds = ctimeNanoseconds;
  into.mtimeSeconds = signed64(mtimeLow, mtimeHigh);
  into.mtimeNanoseconds = mtimeNanoseconds;
  into.device = deviceMajor * TWO_TO_32 + deviceMinor;
}

function readNodeStats(stats: BigIntStats, into: FileStatus): void {
  into.kind = kindOf(Number(stats.mode));
  into.mode = Number(stats.mode) & 0o7777;
  into.isMountPoint = false;
  into.linkCount = Number(stats.nlink);
  into.ownerId = Number(stats.uid);
  into.groupId = Number(stats.gid);
  into.inodeLow = Number(stats.ino & 0xffff_ffffn);
  into.inodeHigh = Number((stats.ino >> 32n) & 0xffff_ffffn);
  into.sizeBytes = Number(stats.size);
  into.allocatedBytes = Number(stats.blocks) * 512;
  [into.ctimeSeconds, into.ctimeNanoseconds] = splitNanoseconds(stats.ctimeNs);
  [into.mtimeSeconds, into.mtimeNanoseconds] = splitNanoseconds(stats.mtimeNs);
  // Linux's own encoding, so that both implementations agree.
  const major = ((stats.dev >> 8n) & 0xfffn) | ((stats.dev >> 32n) & ~0xfffn);
  const minor = (stats.dev & 0xffn) | ((stats.dev >> 12n) & 0xffff_ff00n);
  into.device = Number(major) * TWO_TO_32 + Number(minor);
}

function splitNanoseconds(totalNs: bigint): [number, number] {
  const nanoseconds = ((totalNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return [Number((totalNs - nanoseconds) / 1_000_000_000n), Number(nanoseconds)];
}

function kindOf(typeAndMode: number): FileKind {
  switch (typeAndMode & constants.S_IFMT) {
    case constants.S_IFREG:
      return "file";
    case constants.S_IFDIR:
      return "directory";
    case constants.S_IFLNK:
      return "symlink";
    default:
      return "other";
  }
}

/** The portable implementation. The fast one falls back to it, so that errors have their code. */
export function lstatPortable(path: ByteString, into: FileStatus): boolean {
  const stats = nodeFs().lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return false;
  readNodeStats(stats, into);
  return true;
}

/**
 * `lstat` into `into`; returns false if nothing is there.
 * @throws a `node:fs` error for anything but ENOENT
 */
export function lstatBuffer(path: PathBuffer, into: FileStatus): boolean {
  const start = path.startDescriptor();
  const pointer = path.pointerFromStart();
  if (linuxLibc?.statx(start, pointer, AT_SYMLINK_NOFOLLOW, STATX_ALL_BUT_ATIME, wordsPointer) === 0) {
    readStatx(into);
    return true;
  }
  // Asking again would cost another round trip on a network file system.
  if (linuxLibc !== undefined && hasFoundNothing()) return false;
  return lstatPortable(path.toBytes(), into);
}

/**
 * `lstat` of a name in an open directory, which takes half of the time of looking up a whole path.
 * @returns false if nothing is there, undefined if it fails, or cannot be done in this way
 */
export function lstatIn(descriptor: number, name: Pointer, into: FileStatus): boolean | undefined {
  if (linuxLibc?.statx(descriptor, name, AT_SYMLINK_NOFOLLOW, STATX_ALL_BUT_ATIME, wordsPointer) === 0) {
    readStatx(into);
    return true;
  }
  return linuxLibc !== undefined && hasFoundNothing() ? false : undefined;
}

/** `lstat` of a path; undefined if nothing is there. */
export function lstat(path: ByteString): FileStatus | undefined {
  const status = emptyStatus();
  return lstatBuffer(scratchPath.set(path), status) ? status : undefined;
}

/** `fstat` of an open file. */
export function fstat(descriptor: number, into: FileStatus): void {
  if (
    linuxLibc?.statx(descriptor, emptyPath.pointer, AT_EMPTY_PATH, STATX_ALL_BUT_ATIME, wordsPointer) === 0
  ) {
    readStatx(into);
  } else {
    readNodeStats(nodeFs().fstatSync(descriptor, { bigint: true }), into);
  }
}

/** With fractions, so that entries used within one second are still ordered. */
export function mtimeMs(status: FileStatus): number {
  return status.mtimeSeconds * 1000 + status.mtimeNanoseconds / 1e6;
}

export function isSameFile(left: FileStatus, right: FileStatus): boolean {
  return (
    left.device === right.device && left.inodeLow === right.inodeLow && left.inodeHigh === right.inodeHigh
  );
}

/** Whether a file is unchanged, as far as its inode can tell. Linking it changes only its ctime. */
export function isUnchanged(before: FileStatus, now: FileStatus): boolean {
  return (
    isSameFile(before, now) &&
    before.sizeBytes === now.sizeBytes &&
    before.mtimeSeconds === now.mtimeSeconds &&
    before.mtimeNanoseconds === now.mtimeNanoseconds
  );
}

compileLightly(kindOf, lstatBuffer, lstatIn, readStatx, signed64);
