import type { ByteString } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { PERMISSIONS } from "./object-name.ts";

const SLASH = 0x2f;
const DASH = 0x2d;
const POINT = 0x2e;
const HEX_DIGITS = 2 * DIGEST_SIZE_BYTES;

/** Digests that are written out as text at a time: many enough to cost next to nothing, few enough to stay in the processor's cache. */
const RUN_FILES = 256;

/**
 * The paths of the objects of a manifest's files, for loops that go over these in their order: written byte by byte, because
 * a string for each costs as much as to look the object up.
 */
export class ObjectPath {
  /** Of the file that was set last; the same as `objectPathOf`. */
  readonly buffer = new PathBuffer();
  private readonly manifest: Manifest;
  private readonly objectsLength: number;
  private readonly hex = Buffer.alloc(RUN_FILES * HEX_DIGITS);
  private firstFile = 0;
  private endFile = 0;

  constructor(objects: ByteString, manifest: Manifest) {
    this.manifest = manifest;
    this.objectsLength = this.buffer.set(objects).appendByte(SLASH).length;
  }

  set(file: number): PathBuffer {
    const { manifest, hex } = this;
    if (file < this.firstFile || file >= this.endFile) this.writeDigests(file);
    const start = (file - this.firstFile) * HEX_DIGITS;
    const seconds = at(manifest.fileMtimeSeconds, file);
    const path = this.buffer
      .truncate(this.objectsLength)
      .appendBytes(hex, start, start + 2)
      .appendByte(SLASH)
      .appendBytes(hex, start, start + HEX_DIGITS)
      .appendByte(DASH)
      .appendNumber(at(manifest.fileModes, file) & PERMISSIONS, 8)
      .appendByte(DASH);
    if (seconds >= 0 && seconds < 2 ** 31) path.appendNumber(seconds, 10);
    else path.append(`${seconds}` as ByteString);
    return path.appendByte(POINT).appendNumber(at(manifest.fileMtimeNanoseconds, file), 10, 9);
  }

  private writeDigests(firstFile: number): void {
    const { fileDigests, counts } = this.manifest;
    this.firstFile = firstFile;
    this.endFile = Math.min(firstFile + RUN_FILES, counts.fileCount);
    const [start, end] = [firstFile * DIGEST_SIZE_BYTES, this.endFile * DIGEST_SIZE_BYTES];
    this.hex.write(fileDigests.toString("hex", start, end), "latin1");
  }
}

compileMethodsLightly(ObjectPath);
