import { describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { type ByteString, bytesFromText } from "../../src/base/byte-string.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { LedgerReader } from "../../src/ledger/ledger-reader.ts";
import { BLOCK_OBJECTS, ObjectBlock } from "../../src/ledger/object-block.ts";
import { writeLedger } from "../../src/ledger/write-ledger.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const pause = (): undefined => undefined;

const digests = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));
const seconds = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });

const objects = fc.record({
  size: fc.maxSafeNat(),
  count: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  owners: fc.nat(2 ** 32 - 1),
  id: fc.array(fc.integer(), { minLength: 4, maxLength: 4 }),
});
type RecordedObject = typeof objects extends fc.Arbitrary<infer Value> ? Value : never;

const ledgers: fc.Arbitrary<Omit<Ledger, "objectCount">> = fc
  .uniqueArray(digests, { minLength: 1, maxLength: 8 })
  .chain((names) =>
    fc.record({
      readMs: fc.maxSafeNat(),
      fileCount: fc.maxSafeNat(),
      entries: fc.uniqueArray(
        fc.record({
          manifests: fc.subarray(names, { minLength: 1 }).map((some) => some.toSorted()),
          number: fc.nat(2 ** 31),
          neededBytes: fc.maxSafeNat(),
        }),
        { maxLength: 6, selector: ({ number }) => number },
      ),
      manifests: fc.tuple(
        ...names.map((digest) =>
          fc.record({
            digest: fc.constant(digest),
            sizeBytes: fc.maxSafeNat(),
            changedSeconds: seconds,
            entryCount: fc.nat(2 ** 32 - 1),
            owners: fc.nat(2 ** 32 - 1),
          }),
        ),
      ),
    }),
  );

function blockOf(some: readonly RecordedObject[]): ObjectBlock {
  const block = new ObjectBlock(some.length);
  for (const [index, object] of some.entries()) {
    block.fileSizes[index] = object.size;
    block.entryCounts[index] = object.count;
    block.owners[index] = object.owners;
    block.ids.set(object.id, 4 * index);
  }
  return block;
}

async function write(
  ledger: Omit<Ledger, "objectCount">,
  some: readonly RecordedObject[],
): Promise<ByteString> {
  const path = bytesFromText(scratch.fresh("ledger"));
  const blocks: ObjectBlock[] = [];
  for (let start = 0; start < some.length; start += BLOCK_OBJECTS)
    blocks.push(blockOf(some.slice(start, start + BLOCK_OBJECTS)));
  expect(await writeLedger(path, { ...ledger, objectCount: some.length }, blocks, pause)).toBe(true);
  return path;
}

interface Read {
  readonly ledger: Ledger;
  readonly objects: readonly RecordedObject[];
}

/** What a reader believes; undefined if it notices that something is wrong. */
function read(path: ByteString, mostFiles = 1_000_000): Read | undefined {
  const reader = LedgerReader.open(path, mostFiles);
  if (reader === undefined) return undefined;
  try {
    const some: RecordedObject[] = [];
    for (const block of reader.readBlocks()) {
      for (let index = 0; index < block.count; index++) {
        some.push({
          size: block.fileSizes[index] ?? -1,
          count: block.entryCounts[index] ?? -1,
          owners: block.owners[index] ?? -1,
          id: [...block.ids.subarray(4 * index, 4 * index + 4)],
        });
      }
    }
    return reader.isSound() ? { ledger: reader.ledger, objects: some } : undefined;
  } finally {
    reader.close();
  }
}

const someObjects = fc.array(objects, { maxLength: 20 });

test("what is written is read", async () => {
  await fc.assert(
    fc.asyncProperty(ledgers, someObjects, async (ledger, some) => {
      const found = read(await write(ledger, some));
      expect(found).toEqual({ ledger: { ...ledger, objectCount: some.length }, objects: some });
    }),
  );
});

test("more objects than fit into a block", async () => {
  const [object] = fc.sample(objects, 1);
  const [ledger] = fc.sample(ledgers, 1);
  if (object === undefined || ledger === undefined) throw new Error("no sample");
  for (const count of [BLOCK_OBJECTS, BLOCK_OBJECTS + 1, 2 * BLOCK_OBJECTS]) {
    const some = Array.from({ length: count }, (_, index) => ({ ...object, count: index + 1 }));
    expect(read(await write(ledger, some))?.objects).toEqual(some);
  }
});

test("one changed bit anywhere, a missing end or anything after it is noticed", async () => {
  await fc.assert(
    fc.asyncProperty(ledgers, someObjects, fc.nat(), fc.nat(7), async (ledger, some, place, bit) => {
      const path = await write(ledger, some);
      const bytes = readFileSync(path);
      const changed = Buffer.from(bytes);
      const index = place % bytes.length;
      changed[index] = (changed[index] ?? 0) ^ (1 << bit);
      writeFileSync(path, changed);
      expect(read(path)).toBeUndefined();
      writeFileSync(path, bytes);
      truncateSync(path, index);
      expect(read(path)).toBeUndefined();
      writeFileSync(path, bytes);
      appendFileSync(path, "x");
      expect(read(path)).toBeUndefined();
    }),
  );
});

describe("with the right checksum,", () => {
  const [ledger] = fc.sample(ledgers, { numRuns: 1, seed: 7 });
  const [object] = fc.sample(objects, { numRuns: 1, seed: 7 });

  async function forged(alter: (bytes: Buffer) => void): Promise<Read | undefined> {
    if (ledger === undefined || object === undefined) throw new Error("no sample");
    const manifests = ledger.manifests.map(({ digest }) => digest).toSorted();
    const entries = [manifests.slice(0, 1), manifests].map((some, number) => {
      return { manifests: some, number, neededBytes: 1 };
    });
    const path = await write({ ...ledger, entries }, [object]);
    const bytes = readFileSync(path).subarray(0, -32);
    alter(bytes);
    writeFileSync(
      path,
      Buffer.concat([bytes, Buffer.from(new Bun.SHA256().update(bytes).digest("hex"), "hex")]),
    );
    return read(path);
  }

  /** Where the sizes of the two entries are. */
  function sizesOf(bytes: Buffer): number {
    return 64 + 16 * bytes.readUInt32LE(16);
  }

  /** Where the ends of their manifests are, after their numbers. */
  function endsOf(bytes: Buffer): number {
    return sizesOf(bytes) + 2 * 8 + 8 * bytes.readUInt32LE(16) + 2 * 4;
  }

  test("it is believed", async () => {
    expect(await forged(() => undefined)).toBeDefined();
  });

  for (const [what, alter] of [
    ["another kind of file", (bytes) => bytes.write("BTDTMANI")],
    ["a newer format", (bytes) => bytes.writeUInt32LE(3, 8)],
    ["an entry without manifests", (bytes) => bytes.writeUInt32LE(0, endsOf(bytes))],
    ["an entry with manifests beyond the last", (bytes) => bytes.writeUInt32LE(99, endsOf(bytes))],
    ["a manifest that is not there", (bytes) => bytes.writeUInt32LE(99, endsOf(bytes) + 8)],
    ["a number that two entries have", (bytes) => bytes.writeUInt32LE(1, endsOf(bytes) - 8)],
    ["a number that is too large", (bytes) => bytes.writeUInt32LE(2 ** 31 + 1, endsOf(bytes) - 8)],
    ["an entry of infinite size", (bytes) => bytes.writeDoubleLE(Number.POSITIVE_INFINITY, sizesOf(bytes))],
    ["an entry of negative size", (bytes) => bytes.writeDoubleLE(-1, sizesOf(bytes))],
    ["billions of entries", (bytes) => bytes.writeUInt32LE(2 ** 32 - 1, 12)],
    ["billions of manifests", (bytes) => bytes.writeUInt32LE(2 ** 32 - 1, 16)],
    ["billions of objects", (bytes) => bytes.writeUInt32LE(2 ** 32 - 1, 24)],
    ["a reserved field", (bytes) => bytes.writeUInt32LE(1, 28)],
    ["reserved bytes", (bytes) => bytes.writeUInt8(1, 63)],
    ["a time that is not a number", (bytes) => bytes.writeDoubleLE(Number.NaN, 32)],
    ["a time before 1970", (bytes) => bytes.writeDoubleLE(-1, 32)],
    ["an infinite number of files", (bytes) => bytes.writeDoubleLE(Number.POSITIVE_INFINITY, 40)],
  ] satisfies [string, (bytes: Buffer) => void][]) {
    test(`${what} is not`, async () => {
      expect(await forged(alter)).toBeUndefined();
    });
  }
});

test("a ledger of more files than the cache has is not read", async () => {
  const [ledger] = fc.sample(ledgers, 1);
  const some = fc.sample(objects, 3);
  if (ledger === undefined) throw new Error("no sample");
  const path = await write(ledger, some);
  const fileCount = ledger.manifests.length + some.length;
  expect(read(path, fileCount)).toBeDefined();
  expect(read(path, fileCount - 1)).toBeUndefined();
});

test("an entry whose manifest is not recorded is not written", async () => {
  const entries = [{ manifests: ["ab".repeat(32)], number: 0, neededBytes: 1 }];
  const ledger = { readMs: 1, fileCount: 1, objectCount: 0, entries, manifests: [] };
  const path = bytesFromText(scratch.fresh("ledger"));
  expect(await writeLedger(path, ledger, [], pause)).toBe(false);
});
