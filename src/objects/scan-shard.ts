import type { Pointer } from "bun:ffi";
import { closeSync, constants, openSync } from "node:fs";
import { type ByteString, bytesFromBuffer, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { isRealDirectory } from "../fs/assert-not-symlink.ts";
import { errnoOf } from "../fs/errno.ts";
import { hasKeptAttributes } from "../fs/file-clock.ts";
import { emptyStatus, lstatIn, lstatPortable } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { visitNames } from "../fs/native/visit-names.ts";
import { isNewer } from "./has-lost-data.ts";
import { type NameColumns, parseNameBytes } from "./parse-name-bytes.ts";

/** An object as it was found; see `StoredObject`. */
export interface ScannedObject extends NameColumns {
  isFile: boolean;
  sizeBytes: number;
  /** See `FoundObject`. */
  isNewer: boolean;
  allocatedBytes: number;
  changedSeconds: number;
  isAsNamed: boolean;
}

const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * The same as `listObjectsInShard`, for a million objects: it makes neither a string nor an object for each, and the
 * kernel looks up only the last part of their paths.
 * @param visit its argument is valid until it returns
 * @returns false if the shard cannot be opened or read, or not in this way; then some objects may have been visited
 * @throws a `node:fs` error if an object cannot be looked at; BtdtError CACHE_NOT_ACCESSIBLE if the shard is a symlink
 */
export function scanShard(
  objects: ByteString,
  shard: string,
  visit: (object: Readonly<ScannedObject>) => void,
): boolean {
  const directory = joinBytes(objects, bytesFromText(shard));
  // A foreign file in place of a shard contains no objects.
  if (!isRealDirectory(directory)) return true;
  const descriptor = openIfPossible(directory);
  if (descriptor === undefined) return false;
  try {
    const scan = new ShardScan(descriptor, directory, shard, visit);
    return visitNames(descriptor, (bytes, start, pointer) => scan.examine(bytes, start, pointer));
  } finally {
    closeSync(descriptor);
  }
}

/** If not, `listObjectsInShard` says why. */
function openIfPossible(directory: ByteString): number | undefined {
  try {
    return openSync(fsPath(directory), FLAGS);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

const status = emptyStatus();
const path = new PathBuffer();
const scanned = emptyScan();

/** To be filled in. */
export function emptyScan(): ScannedObject {
  return {
    digests: new Int32Array(DIGEST_SIZE_BYTES / 4),
    permissions: 0,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0,
    isExclusive: false,
    isFile: false,
    sizeBytes: 0,
    isNewer: false,
    allocatedBytes: 0,
    changedSeconds: 0,
    isAsNamed: false,
  };
}

class ShardScan {
  private readonly descriptor: number;
  private readonly directory: ByteString;
  private readonly firstByte: number;
  private readonly secondByte: number;
  private readonly visit: (object: Readonly<ScannedObject>) => void;

  constructor(
    descriptor: number,
    directory: ByteString,
    shard: string,
    visit: (object: Readonly<ScannedObject>) => void,
  ) {
    this.descriptor = descriptor;
    this.directory = directory;
    this.firstByte = shard.charCodeAt(0);
    this.secondByte = shard.charCodeAt(1);
    this.visit = visit;
  }

  examine(bytes: Uint8Array, start: number, pointer: Pointer): void {
    // Files with other names are not btdt's and are ignored.
    if (bytes[start] !== this.firstByte || bytes[start + 1] !== this.secondByte) return;
    if (!parseNameBytes(bytes, start, scanned)) return;
    // A restore may have just dropped it.
    if (!this.look(bytes, start, pointer)) return;
    scanned.isFile = status.kind === "file";
    scanned.sizeBytes = status.sizeBytes;
    scanned.isNewer = isNewer(status, scanned);
    scanned.allocatedBytes = status.allocatedBytes;
    scanned.changedSeconds = status.ctimeSeconds;
    scanned.isAsNamed = this.isAsNamed(bytes, start);
    this.visit(scanned);
  }

  /** @returns false if it is not there any more */
  private look(bytes: Uint8Array, start: number, pointer: Pointer): boolean {
    return lstatIn(this.descriptor, pointer, status) ?? lstatPortable(this.pathOf(bytes, start), status);
  }

  private isAsNamed(bytes: Uint8Array, start: number): boolean {
    const { permissions: mode, mtimeSeconds, mtimeNanoseconds } = scanned;
    if (status.kind !== "file" || status.mode !== mode) return false;
    if (status.mtimeSeconds === mtimeSeconds && status.mtimeNanoseconds === mtimeNanoseconds) return true;
    const { sizeBytes } = status;
    const expected = { mode, sizeBytes, mtimeSeconds, mtimeNanoseconds };
    return hasKeptAttributes(status, expected, path.set(this.pathOf(bytes, start)));
  }

  private pathOf(bytes: Uint8Array, start: number): ByteString {
    return joinBytes(this.directory, bytesFromBuffer(bytes, start, bytes.indexOf(0, start)));
  }
}

compileMethodsLightly(ShardScan);
