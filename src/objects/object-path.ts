import type { ByteString } from "../base/byte-string.ts";
import { compileLightly, compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_HEX_DIGITS, DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { isRealDirectory } from "../fs/assert-not-symlink.ts";
import { HeldDirectory } from "../fs/native/held-directory.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { PERMISSIONS } from "./object-attributes.ts";
import { EXCLUSIVE_ENDING, nameObject } from "./object-name.ts";

/** Directories that objects are in: each is in its shard, which is named after the first byte of its digest. */
const MOST_SHARDS = 256;

/**
 * @param name as `formatObjectName` writes it
 * @throws BtdtError CACHE_NOT_ACCESSIBLE when its shard is a symlink
 */
export function objectPath(objects: ByteString, name: string): ByteString {
  assertRealShard(objects, Number.parseInt(name.slice(0, 2), 16));
  return `${objects}/${name.slice(0, 2)}/${name}` as ByteString;
}

/**
 * The path of the object of a manifest's file. Loops over many files use `ObjectPathWriter`.
 * @throws BtdtError CACHE_NOT_ACCESSIBLE when its shard is a symlink
 */
export function locateObject(
  objects: ByteString,
  manifest: Manifest,
  file: number,
  isExclusive = false,
): ByteString {
  return objectPath(objects, nameObject(manifest, file, isExclusive));
}

/** Which shards of an objects directory have been found to be real directories, in memory shared between threads. */
export interface KnownShards {
  readonly objects: ByteString;
  /** 1 for each of them. */
  readonly isReal: Uint8Array;
}

/** Those of the objects directory that was used last: each is checked once. */
let knownShards = emptyKnownShards("" as ByteString);

function emptyKnownShards(objects: ByteString): KnownShards {
  return { objects, isReal: new Uint8Array(new SharedArrayBuffer(MOST_SHARDS)) };
}

/** What this thread knows, and will find out, for `adoptKnownShards` in others. */
export function shareKnownShards(objects: ByteString): KnownShards {
  if (knownShards.objects !== objects) knownShards = emptyKnownShards(objects);
  return knownShards;
}

/** Without it, each of dozens of threads would look at all shards, which change all the time while objects are made. */
export function adoptKnownShards(shared: KnownShards): void {
  knownShards = shared;
}

function assertRealShard(objects: ByteString, shard: number): void {
  shareKnownShards(objects);
  if (knownShards.isReal[shard] !== 0) return;
  const path = `${objects}/${shard.toString(16).padStart(2, "0")}` as ByteString;
  // One that is missing may be anything later.
  if (isRealDirectory(path)) knownShards.isReal[shard] = 1;
}

const SLASH = 0x2f;
const DASH = 0x2d;
const POINT = 0x2e;

/**
 * How many digests are converted to text at a time: enough to make the calls cheap, few enough for the processor's
 * cache.
 */
const RUN_FILES = 256;

/**
 * The paths of the objects of a manifest's files, for loops that visit these in order. They are written byte by byte,
 * because creating a string for each costs as much as the `lstat` of the object.
 */
export class ObjectPathWriter {
  /** For the file that was set last; the same as `locateObject`. */
  readonly buffer = new PathBuffer();
  private readonly manifest: Manifest;
  private readonly objects: ByteString;
  private readonly objectsLength: number;
  private readonly hex = Buffer.alloc(RUN_FILES * DIGEST_HEX_DIGITS);
  private readonly held = new HeldDirectory(this.buffer);
  private firstFile = 0;
  private endFile = 0;

  /** Keeps the directory open: to be closed. */
  constructor(objects: ByteString, manifest: Manifest) {
    this.manifest = manifest;
    this.objects = objects;
    this.buffer.set(objects);
    this.held.hold(manifest.counts.fileCount);
    this.objectsLength = this.buffer.appendByte(SLASH).length;
  }

  close(): void {
    this.held.close();
  }

  /** @throws BtdtError CACHE_NOT_ACCESSIBLE when its shard is a symlink */
  set(file: number, isExclusive = false): PathBuffer {
    const { manifest, hex } = this;
    assertRealShard(this.objects, at(manifest.fileDigests, file * DIGEST_SIZE_BYTES));
    if (file < this.firstFile || file >= this.endFile) this.writeDigests(file);
    const start = (file - this.firstFile) * DIGEST_HEX_DIGITS;
    const seconds = at(manifest.fileMtimeSeconds, file);
    const path = this.buffer
      .truncate(this.objectsLength)
      .appendBytes(hex, start, start + 2)
      .appendByte(SLASH)
      .appendBytes(hex, start, start + DIGEST_HEX_DIGITS)
      .appendByte(DASH)
      .appendNumber(at(manifest.fileModes, file) & PERMISSIONS, 8)
      .appendByte(DASH);
    if (seconds >= 0 && seconds < 2 ** 31) path.appendNumber(seconds, 10);
    else path.append(`${seconds}` as ByteString);
    path.appendByte(POINT).appendNumber(at(manifest.fileMtimeNanoseconds, file), 10, 9);
    return isExclusive ? path.append(EXCLUSIVE_ENDING as ByteString) : path;
  }

  private writeDigests(firstFile: number): void {
    const { fileDigests, counts } = this.manifest;
    this.firstFile = firstFile;
    this.endFile = Math.min(firstFile + RUN_FILES, counts.fileCount);
    const [start, end] = [firstFile * DIGEST_SIZE_BYTES, this.endFile * DIGEST_SIZE_BYTES];
    this.hex.write(fileDigests.toString("hex", start, end), "latin1");
  }
}

compileLightly(assertRealShard, locateObject, objectPath);
compileMethodsLightly(ObjectPathWriter);
