import { ptr } from "bun:ffi";
import {
  closeSync,
  constants,
  ftruncateSync,
  mkdtempSync,
  openSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { bytesFromText } from "../../../src/base/byte-string.ts";
import { digestOfChunks } from "../../../src/base/digest.ts";
import { errnoOf } from "../../../src/fs/errno.ts";
import { FileMapping } from "../../../src/fs/native/file-mapping.ts";
import { lstat } from "../../../src/fs/native/file-status.ts";
import { lastError } from "../../../src/fs/native/last-error.ts";
import { AT_FDCWD, libc } from "../../../src/fs/native/libc.ts";
import { PathBuffer } from "../../../src/fs/native/path-buffer.ts";
import { setMtimeBuffer } from "../../../src/fs/native/set-times.ts";
import { compressBlock, decompressBlock } from "../../../src/packs/format/block-codec.ts";
import { deflateZstd, zstdParameters } from "../../../src/packs/format/deflate-zstd.ts";
import { inflateZstd } from "../../../src/packs/format/inflate-zstd.ts";

const emptyPath = new PathBuffer();
const GIBIBYTE = 1024 ** 3;
const PAGE_BYTES = 4096;

/** Tries each trick by what can be seen of it from outside. */
export function tryTricks(parent: string) {
  const scratch = mkdtempSync(join(parent, "tricks-"));
  return {
    // First, when nothing has asked for an error number yet.
    errors: tryErrors(join(scratch, "missing")),
    inflate: tryInflate(),
    compress: tryCompress(),
    deflate: tryDeflate(),
    digests: tryDigests(),
    memory: tryMemory(),
    mapping: tryMapping(join(scratch, "mapped")),
    times: tryTimes(join(scratch, "times")),
  };
}

/** What a failed call has left in `errno`, by its name. */
function tryErrors(missing: string): string[] {
  const path = new PathBuffer().set(bytesFromText(missing));
  const calls = [
    () => libc.close(-1),
    () => libc.linkat(AT_FDCWD, path.pointer, AT_FDCWD, path.pointer, 0),
    () => libc.linkat(AT_FDCWD, emptyPath.pointer, AT_FDCWD, path.pointer, 0x4000),
    () => libc.close(-1),
  ];
  return calls.map((call) => (call() === 0 ? "done" : lastError("probe").code));
}

/** The fast way answers with the same memory each time, the fallback with fresh memory. */
function tryInflate() {
  const content = Buffer.from("been there, done that\n".repeat(1000));
  const frame = zstdCompressSync(content);
  const damaged = Uint8Array.from(frame);
  damaged[0] = 0;
  const inflate = (stored: Uint8Array, sizeBytes: number): string => {
    try {
      const inflated = inflateZstd(stored, sizeBytes);
      return Buffer.compare(inflated, content) === 0 ? "same" : `other ${inflated.length}`;
    } catch {
      return "refused";
    }
  };
  const first = inflateZstd(frame, content.length).buffer;
  return {
    way: inflateZstd(frame, content.length).buffer === first ? "fast" : "fallback",
    sound: inflate(frame, content.length),
    tooLarge: inflate(frame, content.length - 1),
    damaged: inflate(damaged, content.length),
    soundAfterDamage: inflate(frame, content.length),
    wayAfterDamage: inflateZstd(frame, content.length).buffer === first ? "fast" : "fallback",
  };
}

/** The fast way answers with the same memory each time, and with the bytes of the slow way. */
function tryCompress() {
  const texts = ["been there, done that\n".repeat(200_000), "been there, done that\n", "x"];
  const contents = [...texts.map((text) => Buffer.from(text)), crypto.getRandomValues(Buffer.alloc(60_000))];
  const first = deflateZstd(contents[0] ?? Buffer.alloc(1), 1).buffer;
  return {
    way: deflateZstd(Buffer.from("x"), 1).buffer === first ? "fast" : "fallback",
    areSame: [1, 19, 3].every((level) =>
      contents.every(
        (content) =>
          Buffer.compare(
            deflateZstd(content, level),
            zstdCompressSync(content, { params: zstdParameters(level) }),
          ) === 0,
      ),
    ),
  };
}

/** Its module is loaded when it is first needed. */
function tryDeflate(): string {
  const content = Buffer.from("x".repeat(1000));
  const { codecNumber, stored } = compressBlock(content, { codec: "deflate", level: 6 });
  return Buffer.from(decompressBlock(codecNumber, stored, content.length)).toString() === content.toString()
    ? `same from ${stored.length < 100 ? "less" : "as much"}`
    : "other";
}

function tryDigests() {
  const shared = new Uint8Array(new SharedArrayBuffer(96));
  Bun.SHA256.hash(Buffer.from("abc"), shared.subarray(32, 64));
  const hasher = new Bun.SHA256();
  hasher.update(Buffer.from("a")).update(Buffer.from("bc"));
  hasher.digest(shared.subarray(64, 96));
  const root = digestOfChunks(9 * 1024 ** 2, Buffer.alloc(96, 1));
  return {
    intoSharedPart: Buffer.from(shared).toString("hex"),
    rootSizeBytes: root.length,
    root: Buffer.from(root).toString("hex"),
    xxHash3: String(Bun.hash.xxHash3(Buffer.from("abc"))),
    crc32InTwoParts: Bun.hash.crc32(Buffer.from("bc"), Bun.hash.crc32(Buffer.from("a"))) >>> 0,
  };
}

/** Memory made from an `ArrayBuffer` keeps its address, whatever the garbage collector does. */
function tryMemory() {
  const bytes = new Uint8Array(new ArrayBuffer(32));
  const path = new PathBuffer().set(bytesFromText("/proc/self"));
  const [bytesPointer, pathPointer] = [ptr(bytes), path.pointer];
  for (let round = 0; round < 3; round++) {
    Array.from({ length: 10_000 }, (_, index) => new Uint8Array(index % 64));
    Bun.gc(true);
  }
  bytes[31] = 1;
  path.append(bytesFromText("/status"));
  return {
    bytesStay: ptr(bytes) === bytesPointer && bytes.buffer.byteLength === 32,
    pathStays: path.pointer === pathPointer && lstat(path.toBytes())?.kind === "file",
  };
}

/** Beyond 32 bits; and while it is mapped, writers have to wait. */
function tryMapping(path: string) {
  writeFileSync(path, "");
  const writable = openSync(path, "r+");
  ftruncateSync(writable, 5 * GIBIBYTE + PAGE_BYTES);
  writeSync(writable, "far", 5 * GIBIBYTE);
  const readable = openSync(path, "r");
  const whileWritten = FileMapping.tryOpen(readable, 0, PAGE_BYTES);
  closeSync(writable);
  const mapping = FileMapping.tryOpen(readable, 5 * GIBIBYTE, PAGE_BYTES);
  const far = Buffer.from(mapping?.bytes.subarray(0, 4) ?? []).toString("latin1");
  const whileMapped = openToWrite(path);
  mapping?.close();
  const afterwards = openToWrite(path);
  truncateSync(path, 0);
  const empty = FileMapping.tryOpen(readable, 0, 0);
  closeSync(readable);
  return {
    whileWritten: whetherMapped(whileWritten),
    far,
    whileMapped,
    afterwards,
    empty: whetherMapped(empty),
  };
}

function whetherMapped(mapping: FileMapping | undefined): string {
  return mapping === undefined ? "not mapped" : "mapped";
}

function openToWrite(path: string): string {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return "opened";
  } catch (error) {
    return errnoOf(error) ?? "unknown";
  }
}

function tryTimes(path: string) {
  writeFileSync(path, "");
  const bytes = bytesFromText(path);
  return [
    [-2, 999_999_999],
    [5_000_000_000, 123_456_789],
  ].map(([seconds = 0, nanoseconds = 0]) => {
    setMtimeBuffer(new PathBuffer().set(bytes), seconds, nanoseconds);
    const status = lstat(bytes);
    return [status?.mtimeSeconds, status?.mtimeNanoseconds];
  });
}
