import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  closeSync,
  openSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import * as fc from "fast-check";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { CHUNK_SIZE_BYTES, chunkCount, digestOfChunks, hexOf } from "../../src/base/digest.ts";
import { FileMapping } from "../../src/fs/native/file-mapping.ts";
import { emptyStatus, lstat } from "../../src/fs/native/file-status.ts";
import { PathBuffer } from "../../src/fs/native/path-buffer.ts";
import { hashLargeFile } from "../../src/read/hash-large-file.ts";
import { hashSmallFile } from "../../src/read/hash-small-file.ts";
import { hashSpanJob, SPAN_SIZE_BYTES } from "../../src/read/hash-span.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import type { Job, Runner } from "../../src/work/job.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const context = { isCancelled: () => false, isOverdue: () => false, mayTakeLong: false };
const runner = new InlineRunner(context);

/** From the description in docs/format.md, with node:crypto. */
function expectedDigest(content: Uint8Array): string {
  const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
  if (content.length <= CHUNK_SIZE_BYTES) return sha256(content).toString("hex");
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(content.length));
  const root = createHash("sha512-256").update("btdt chunks 1\0").update(size);
  for (let start = 0; start < content.length; start += CHUNK_SIZE_BYTES) {
    root.update(sha256(content.subarray(start, start + CHUNK_SIZE_BYTES)));
  }
  return root.digest("hex");
}

/** Cheap to make, and no two chunks alike. */
function contentOf(sizeBytes: number): Uint8Array {
  const content = new Uint8Array(sizeBytes);
  for (let index = 0; index < sizeBytes; index += 997) content[index] = (index * 31) >>> 7;
  if (sizeBytes > 0) content[sizeBytes - 1] = 0x7f;
  return content;
}

function fileWith(content: Uint8Array): string {
  const path = scratch.fresh();
  writeFileSync(path, content);
  return path;
}

function found(path: string) {
  const status = lstat(bytesFromText(path));
  if (status === undefined) throw new Error(`${path} is missing`);
  const { sizeBytes, mtimeSeconds, mtimeNanoseconds } = status;
  return { path: bytesFromText(path), sizeBytes, mtimeSeconds, mtimeNanoseconds };
}

const changed = expect.objectContaining({ code: "SOURCE_CHANGED" });

describe("digest of a file", () => {
  for (const sizeBytes of [0, 1, 4096, CHUNK_SIZE_BYTES - 1, CHUNK_SIZE_BYTES]) {
    test(`of ${sizeBytes} bytes is its SHA-256`, () => {
      const content = contentOf(sizeBytes);
      const digest = new Uint8Array(34);
      const path = new PathBuffer().set(bytesFromText(fileWith(content)));
      const status = emptyStatus();
      expect(hashSmallFile(path, status, digest, 1)).toBe("hashed");
      expect(hexOf(digest.subarray(1, 33))).toBe(expectedDigest(content));
      expect([digest[0], digest[33], status.sizeBytes]).toEqual([0, 0, sizeBytes]);
    });
  }

  const sizes = [1, CHUNK_SIZE_BYTES, SPAN_SIZE_BYTES - 1, SPAN_SIZE_BYTES, SPAN_SIZE_BYTES + 1];
  for (const sizeBytes of sizes.map((more) => CHUNK_SIZE_BYTES + more)) {
    test(`of ${sizeBytes} bytes is the root over its chunks`, async () => {
      const content = contentOf(sizeBytes);
      const path = fileWith(content);
      expect(hexOf(await hashLargeFile(runner, found(path)))).toBe(expectedDigest(content));
      // While a writer has it open, it is read instead of mapped.
      const writer = openSync(path, "r+");
      try {
        expect(hexOf(await hashLargeFile(runner, found(path)))).toBe(expectedDigest(content));
      } finally {
        closeSync(writer);
      }
    });
  }

  test("no small content has the digest of a large one", () => {
    const large = contentOf(CHUNK_SIZE_BYTES + 1);
    const chunks = [large.subarray(0, CHUNK_SIZE_BYTES), large.subarray(CHUNK_SIZE_BYTES)];
    const leaves = Buffer.concat(chunks.map((chunk) => createHash("sha256").update(chunk).digest()));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(large.length));
    const preimage = Buffer.concat([Buffer.from("btdt chunks 1\0"), size, leaves]);
    expect(expectedDigest(preimage)).not.toBe(hexOf(digestOfChunks(large.length, leaves)));
    expect(hexOf(digestOfChunks(large.length, leaves))).toBe(expectedDigest(large));
  });

  test("depends on the size, the chunks and their order", () => {
    const chunk = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(
        fc.uniqueArray(chunk, { minLength: 2, maxLength: 4, comparator: (a, b) => hexOf(a) === hexOf(b) }),
        (chunks) => {
          const sizeBytes = chunks.length * CHUNK_SIZE_BYTES;
          const digest = (size: number, list: Uint8Array[]): string =>
            hexOf(digestOfChunks(size, Buffer.concat(list)));
          const own = digest(sizeBytes, chunks);
          expect(digest(sizeBytes - 1, chunks)).not.toBe(own);
          expect(digest(sizeBytes, chunks.toReversed())).not.toBe(own);
          expect(digest(sizeBytes, chunks.slice(1))).not.toBe(own);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("chunks are counted up to and beyond 4 GiB", () => {
    expect([1, CHUNK_SIZE_BYTES, CHUNK_SIZE_BYTES + 1, 2 ** 33 + 1].map(chunkCount)).toEqual([1, 1, 2, 2049]);
  });
});

describe("mapped and read spans", () => {
  test("hold the same bytes", () => {
    const content = contentOf(3 * CHUNK_SIZE_BYTES + 12_345);
    const descriptor = openSync(fileWith(content), "r");
    try {
      for (const start of [0, 4096, CHUNK_SIZE_BYTES, 3 * CHUNK_SIZE_BYTES]) {
        for (const length of [1, 4096, content.length - start]) {
          const mapping = FileMapping.tryOpen(descriptor, start, length);
          if (mapping === undefined) continue;
          expect(Buffer.compare(mapping.bytes, content.subarray(start, start + length))).toBe(0);
          mapping.close();
        }
      }
    } finally {
      closeSync(descriptor);
    }
  });

  test("agree in a sparse file beyond 4 GiB", () => {
    const path = fileWith(new Uint8Array(0));
    const startBytes = 160 * SPAN_SIZE_BYTES;
    truncateSync(path, startBytes + CHUNK_SIZE_BYTES + 5);
    const descriptor = openSync(path, "r+");
    const mark = Buffer.from("behind five gibibytes");
    writeSync(descriptor, mark, 0, mark.length, startBytes + 7);
    closeSync(descriptor);
    const first = new Uint8Array(CHUNK_SIZE_BYTES);
    first.set(mark, 7);
    const expected = [first, new Uint8Array(5)].map((chunk) =>
      createHash("sha256").update(chunk).digest("hex"),
    );
    const input = { ...found(path), startBytes };
    expect(hexOf(hashSpanJob.run(input, context))).toBe(expected.join(""));
    const writer = openSync(path, "r+");
    try {
      expect(hexOf(hashSpanJob.run(input, context))).toBe(expected.join(""));
    } finally {
      closeSync(writer);
    }
  });

  test("a file that is open for writing is not mapped, but read", () => {
    const content = contentOf(2 * CHUNK_SIZE_BYTES);
    const path = fileWith(content);
    const writer = openSync(path, "r+");
    const reader = openSync(path, "r");
    try {
      expect(FileMapping.tryOpen(reader, 0, content.length)).toBeUndefined();
      const expected = [0, 1]
        .map((chunk) => content.subarray(chunk * CHUNK_SIZE_BYTES, (chunk + 1) * CHUNK_SIZE_BYTES))
        .map((chunk) => createHash("sha256").update(chunk).digest("hex"));
      expect(hexOf(hashSpanJob.run({ ...found(path), startBytes: 0 }, context))).toBe(expected.join(""));
    } finally {
      closeSync(reader);
      closeSync(writer);
    }
  });

  test("where reading takes long, a job hashes at least one chunk, and others the rest", async () => {
    const content = contentOf(3 * CHUNK_SIZE_BYTES + 5);
    const path = fileWith(content);
    // So that it is not mapped.
    const writer = openSync(path, "r+");
    try {
      const first = createHash("sha256").update(content.subarray(0, CHUNK_SIZE_BYTES)).digest("hex");
      const input = { ...found(path), startBytes: 0 };
      const overdue = { isCancelled: () => false, isOverdue: () => true, mayTakeLong: false };
      expect(hexOf(hashSpanJob.run(input, overdue))).toBe(first);
      const impatient: Runner = Object.assign(new InlineRunner(overdue), {
        run: async <Input, Output>(job: Job<Input, Output>, given: Input) => job.run(given, overdue),
      });
      expect(hexOf(await hashLargeFile(impatient, found(path)))).toBe(expectedDigest(content));
      const cancelled = { ...overdue, isCancelled: () => true };
      expect(() => hashSpanJob.run(input, cancelled)).toThrow(expect.objectContaining({ code: "CANCELLED" }));
    } finally {
      closeSync(writer);
    }
  });

  test("a mapping gives the file back: it can be written afterwards", () => {
    const path = fileWith(contentOf(CHUNK_SIZE_BYTES));
    const descriptor = openSync(path, "r");
    const mapping = FileMapping.tryOpen(descriptor, 0, CHUNK_SIZE_BYTES);
    mapping?.close();
    // Would wait for the lease to be broken, and be told so by O_NONBLOCK, if it were still held.
    truncateSync(path, 10);
    expect(readFileSync(path)).toHaveLength(10);
    closeSync(descriptor);
  });
});

describe("a file that changes", () => {
  const alterations: readonly (readonly [string, (path: string) => void])[] = [
    ["grows", (path) => writeFileSync(path, "x", { flag: "a" })],
    ["shrinks", (path) => truncateSync(path, CHUNK_SIZE_BYTES)],
    ["gets another time", (path) => utimesSync(path, 1, 1)],
  ];
  for (const [what, alter] of alterations) {
    test(`${what} is an error that names it`, () => {
      const path = fileWith(contentOf(2 * CHUNK_SIZE_BYTES));
      const input = { ...found(path), startBytes: 0 };
      alter(path);
      expect(() => hashSpanJob.run(input, context)).toThrow(changed);
      expect(() => hashSpanJob.run(input, context)).toThrow(path);
    });
  }

  test("one that is constantly appended to is hashed as it was at one moment, or rejected", async () => {
    const path = fileWith(contentOf(CHUNK_SIZE_BYTES + 1));
    const script = `
      import { openSync, writeSync } from "node:fs";
      const file = openSync(process.argv[1], "a");
      console.log("writing");
      for (let index = 0; index < 50_000; index++) writeSync(file, Buffer.alloc(1000, 1));
    `;
    const writer = Bun.spawn([process.execPath, "-e", script, path], { stdout: "pipe", stderr: "inherit" });
    try {
      await writer.stdout.getReader().read();
      for (let round = 0; round < 10; round++) {
        const before = found(path);
        let digest: string;
        try {
          digest = hexOf(await hashLargeFile(runner, before));
        } catch (error) {
          expect(error).toEqual(changed);
          continue;
        }
        expect(digest).toBe(expectedDigest(readFileSync(path).subarray(0, before.sizeBytes)));
      }
    } finally {
      writer.kill();
      await writer.exited;
    }
  });

  test("one that claims to be empty and is not", () => {
    const path = new PathBuffer().set(bytesFromText("/proc/self/status"));
    expect(() => hashSmallFile(path, emptyStatus(), new Uint8Array(32), 0)).toThrow(changed);
  });

  test("one that a pipe, a symlink, a directory or nothing has taken the place of", () => {
    const path = scratch.fresh();
    const hash = () =>
      hashSmallFile(new PathBuffer().set(bytesFromText(path)), emptyStatus(), new Uint8Array(32), 0);
    expect(hash).toThrow(changed);
    Bun.spawnSync(["mkfifo", path]);
    expect(hash()).toBe("not-a-file");
    Bun.spawnSync(["sh", "-c", 'rm "$0" && ln -s /etc/passwd "$0"', path]);
    expect(hash).toThrow(changed);
    Bun.spawnSync(["sh", "-c", 'rm "$0" && mkdir "$0"', path]);
    expect(hash()).toBe("not-a-file");
  });
});
