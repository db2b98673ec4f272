import { expect, test } from "bun:test";
import { closeSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../../src/base/byte-string.ts";
import { encodePackHeader } from "../../../src/packs/format/index-codec.ts";
import { PACK_HEADER_BYTES } from "../../../src/packs/format/index-layout.ts";
import {
  appendToPack,
  describePackFile,
  descriptorOf,
  type PackFile,
} from "../../../src/packs/write/pack-file.ts";
import { catchError } from "../../support/catch-error.ts";
import { Scratch } from "../../support/scratch.ts";

const scratch = Scratch.use();
const POLICY = { groupId: undefined, granted: 0, allowed: 0o077, isSticky: false };
const THREADS = 4;
const BLOCKS_PER_THREAD = 50;

const describe = (path: string): PackFile => describePackFile(bytesFromText(path), POLICY);

function closePack(file: PackFile): void {
  const descriptor = descriptorOf(file);
  if (descriptor !== undefined) closeSync(descriptor);
}

test("a pack is made with its first block", () => {
  const path = scratch.path("pack");
  const file = describe(path);
  expect([existsSync(path), descriptorOf(file)]).toEqual([false, undefined]);
  expect(appendToPack(file, Buffer.from("first"))).toBe(PACK_HEADER_BYTES);
  expect(appendToPack(file, Buffer.from("second"))).toBe(PACK_HEADER_BYTES + 5);
  closePack(file);
  const written = Buffer.concat([encodePackHeader(file.nonce), Buffer.from("firstsecond")]);
  expect(readFileSync(join(path, "pack"))).toEqual(written);
});

test("one that cannot be made fails each time for the same reason, until it can", () => {
  const path = join(scratch.path("missing"), "pack");
  const file = describe(path);
  for (let attempt = 0; attempt < 2; attempt++)
    expect(catchError(() => appendToPack(file, Buffer.from("block")))).toMatchObject({ code: "ENOENT" });
  mkdirSync(scratch.path("missing"));
  expect(appendToPack(file, Buffer.from("block"))).toBe(PACK_HEADER_BYTES);
  closePack(file);
});

test("threads that have blocks at the same time make one pack, and none writes where another does", async () => {
  const file = describe(scratch.path("shared"));
  const workers = Array.from({ length: THREADS }, () => {
    return new Worker(new URL("./pack-file-worker.ts", import.meta.url).href);
  });
  try {
    const blocks = (thread: number): Buffer[] =>
      Array.from({ length: BLOCKS_PER_THREAD }, (_, index) => Buffer.from(`[${thread} ${index}]`));
    const offsets = await Promise.all(
      workers.map((worker, thread) => {
        const answered = new Promise<readonly number[]>((resolve, reject) => {
          worker.onmessage = ({ data }: MessageEvent<readonly number[]>) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
        });
        worker.postMessage({ file, blocks: blocks(thread) });
        return answered;
      }),
    );
    closePack(file);
    const written = readFileSync(join(scratch.path("shared"), "pack"));
    const sizes = offsets.flatMap((places, thread) =>
      places.map((place, index) => {
        const block = blocks(thread)[index] ?? Buffer.alloc(0);
        expect(Buffer.compare(written.subarray(place, place + block.length), block)).toBe(0);
        return block.length;
      }),
    );
    expect(written).toHaveLength(sizes.reduce((sum, size) => sum + size, PACK_HEADER_BYTES));
  } finally {
    for (const worker of workers) worker.terminate();
  }
});
