import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { readTar } from "../../../src/archive/tar/read-tar.ts";
import { TarWriter } from "../../../src/archive/tar/tar-writer.ts";
import type { ByteString } from "../../../src/base/byte-string.ts";
import {
  type HeldEntry,
  heldEntry,
  holdEntries,
  inPieces,
  writeEntries,
} from "../../support/archive-entries.ts";

/** Any bytes but NUL and the slash; ASCII and UTF-8 more often than not. */
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "b", " ", "=", "\n", "."), minLength: 1, maxLength: 120 }),
  fc.string({ unit: fc.constantFrom("\xc3\xbc", "\xe2\x82\xac", "x"), minLength: 1, maxLength: 60 }),
  fc
    .uint8Array({ min: 1, minLength: 1, maxLength: 120 })
    .map((bytes) => Buffer.from(bytes).toString("latin1").replaceAll("/", "x")),
);
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join("/") as ByteString);
const attributes = fc.record({
  mode: fc.integer({ min: 0, max: 0o7777 }),
  // Up to the year 287,396, and as far back.
  mtimeSeconds: fc.oneof(
    fc.integer({ min: 0, max: 2 ** 31 }),
    fc.constantFrom(2 ** 33 - 1, 2 ** 33, -1, 9_007_199_254_740, -9_007_199_254_740),
    fc.integer({ min: -9_007_199_254_740, max: 9_007_199_254_740 }),
  ),
  mtimeNanoseconds: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999_999_999 })),
});
const kind = fc.oneof(
  fc.record({
    kind: fc.constant("file" as const),
    content: fc.string({ unit: "binary-ascii", maxLength: 2000 }),
  }),
  fc.record({ kind: fc.constant("directory" as const) }),
  fc.record({ kind: fc.constantFrom("symlink" as const, "hardlink" as const), target: path }),
);
const entry = fc
  .tuple(path, attributes, kind)
  .map(([at, attribute, rest]): HeldEntry => heldEntry({ path: at, ...attribute, ...rest }));

test("a tar gives back exactly what was written: names of any bytes, times of any year to the nanosecond", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { maxLength: 8 }),
      fc.integer({ min: 1, max: 3000 }),
      async (entries, pieceBytes) => {
        const bytes = await writeEntries((sink) => new TarWriter(sink), entries);
        expect(bytes.length % 512).toBe(0);
        expect(bytes.includes("NaN")).toBe(false);
        expect(await holdEntries(readTar(inPieces(bytes, pieceBytes)))).toEqual(entries);
      },
    ),
    { numRuns: 500 },
  );
});

test("a size of 8 GiB and more has room in an extended header", async () => {
  const parts: Uint8Array[] = [];
  const writer = new TarWriter((bytes) => {
    parts.push(bytes.slice());
  });
  const huge = heldEntry({ path: "x", sizeBytes: 2 ** 33 + 1 });
  const zeros = new Uint8Array(0);
  await writer.add({ ...huge, body: inPieces(zeros, 1) });
  const iterator = readTar(inPieces(Buffer.concat(parts), 512));
  const { value } = await iterator.next();
  expect(value).toMatchObject({ sizeBytes: 2 ** 33 + 1 });
});
