import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import type { ScannedObject } from "./scan-shard.ts";

const DIGEST_WORDS = DIGEST_SIZE_BYTES / 4;
const NANOSECONDS = DIGEST_WORDS;
const PERMISSIONS_AND_FLAGS = 9;
const ROW_WORDS = 10;
const ROW_BYTES = ROW_WORDS * 4;

const PERMISSION_BITS = 0o777;
const IS_EXCLUSIVE = 1 << 9;
const IS_FILE = 1 << 10;
const IS_NEWER = 1 << 11;
const IS_AS_NAMED = 1 << 12;

const MTIME_SECONDS = 0;
const SIZE_BYTES = 1;
const ALLOCATED_BYTES = 2;
const CHANGED_SECONDS = 3;
const ROW_NUMBERS = 4;

/** Objects as they were found, in memory that threads share: 72 bytes for each, and no message for any. */
export class ObjectRows {
  readonly buffer: SharedArrayBuffer;
  readonly capacity: number;
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;

  /** @param buffer of `allocate` */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.capacity = buffer.byteLength / (ROW_BYTES + ROW_NUMBERS * 8);
    this.numbers = new Float64Array(buffer, 0, this.capacity * ROW_NUMBERS);
    this.words = new Int32Array(buffer, this.numbers.byteLength, this.capacity * ROW_WORDS);
  }

  static allocate(capacity: number): ObjectRows {
    return new ObjectRows(new SharedArrayBuffer(capacity * (ROW_BYTES + ROW_NUMBERS * 8)));
  }

  write(row: number, object: Readonly<ScannedObject>): void {
    const { words, numbers } = this;
    const [word, number] = [row * ROW_WORDS, row * ROW_NUMBERS];
    for (let index = 0; index < DIGEST_WORDS; index++) words[word + index] = object.digests[index] ?? 0;
    words[word + NANOSECONDS] = object.mtimeNanoseconds;
    words[word + PERMISSIONS_AND_FLAGS] =
      object.permissions |
      (object.isExclusive ? IS_EXCLUSIVE : 0) |
      (object.isFile ? IS_FILE : 0) |
      (object.isNewer ? IS_NEWER : 0) |
      (object.isAsNamed ? IS_AS_NAMED : 0);
    numbers[number + MTIME_SECONDS] = object.mtimeSeconds;
    numbers[number + SIZE_BYTES] = object.sizeBytes;
    numbers[number + ALLOCATED_BYTES] = object.allocatedBytes;
    numbers[number + CHANGED_SECONDS] = object.changedSeconds;
  }

  read(row: number, into: ScannedObject): void {
    const { words, numbers } = this;
    const [word, number] = [row * ROW_WORDS, row * ROW_NUMBERS];
    for (let index = 0; index < DIGEST_WORDS; index++) into.digests[index] = words[word + index] ?? 0;
    const flags = words[word + PERMISSIONS_AND_FLAGS] ?? 0;
    into.mtimeNanoseconds = words[word + NANOSECONDS] ?? 0;
    into.permissions = flags & PERMISSION_BITS;
    into.isExclusive = (flags & IS_EXCLUSIVE) !== 0;
    into.isFile = (flags & IS_FILE) !== 0;
    into.isNewer = (flags & IS_NEWER) !== 0;
    into.isAsNamed = (flags & IS_AS_NAMED) !== 0;
    into.mtimeSeconds = numbers[number + MTIME_SECONDS] ?? 0;
    into.sizeBytes = numbers[number + SIZE_BYTES] ?? 0;
    into.allocatedBytes = numbers[number + ALLOCATED_BYTES] ?? 0;
    into.changedSeconds = numbers[number + CHANGED_SECONDS] ?? 0;
  }
}

compileMethodsLightly(ObjectRows);
