import { describe, expect, test } from "bun:test";
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import * as fc from "fast-check";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { copyFile } from "../../src/fs/copy-file.ts";
import { extendTo, writeAroundZeros } from "../../src/fs/holes.ts";
import { lstat } from "../../src/fs/native/file-status.ts";
import { PathBuffer } from "../../src/fs/native/path-buffer.ts";
import { Scratch } from "../support/scratch.ts";
import { UNCANCELLED } from "../support/uncancelled.ts";

const scratch = Scratch.use();

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
/** What the file system may add to each part of a file. */
const ROUNDING_BYTES = 2 * 64 * KIBIBYTE;

function allocatedBytes(path: string): number {
  return statSync(path).blocks * 512;
}

function copy(from: string, to: string): void {
  const attributes = lstat(bytesFromText(from));
  if (attributes === undefined) throw new Error(`there is no ${from}`);
  copyFile(
    new PathBuffer().set(bytesFromText(from)),
    new PathBuffer().set(bytesFromText(to)),
    attributes,
    UNCANCELLED,
  );
}

/** A file of this size with data at these offsets, and holes everywhere else. */
function makeSparse(
  path: string,
  sizeBytes: number,
  data: readonly (readonly [number, Uint8Array | string])[],
): void {
  const descriptor = openSync(path, "wx");
  for (const [offset, bytes] of data) writeSync(descriptor, Buffer.from(bytes), 0, undefined, offset);
  ftruncateSync(descriptor, sizeBytes);
  closeSync(descriptor);
}

describe("a copy", () => {
  const data = Buffer.alloc(4 * KIBIBYTE, "data");
  for (const [where, offset] of [
    ["at the beginning", 0],
    ["in the middle", 100 * MEBIBYTE],
    ["at the end", 300 * MEBIBYTE - data.length],
  ] as const) {
    test(`of 300 MiB with 4 KiB of data ${where} takes what the data takes`, () => {
      const [from, to] = [scratch.fresh(), scratch.fresh()];
      makeSparse(from, 300 * MEBIBYTE, [[offset, data]]);
      copy(from, to);
      expect(statSync(to).size).toBe(300 * MEBIBYTE);
      expect(allocatedBytes(to)).toBeLessThanOrEqual(allocatedBytes(from));
      expect(Bun.spawnSync(["cmp", from, to]).exitCode).toBe(0);
    });
  }

  test("of nothing but a hole takes nothing", () => {
    const [from, to] = [scratch.fresh(), scratch.fresh()];
    makeSparse(from, 10 * MEBIBYTE, []);
    copy(from, to);
    expect(statSync(to)).toMatchObject({ size: 10 * MEBIBYTE, blocks: 0 });
  });

  test("of any parts at any places is equal, and has the same holes", () => {
    const part = fc.tuple(
      fc.nat({ max: 5 * MEBIBYTE }),
      fc.uint8Array({ minLength: 1, maxLength: 300 * KIBIBYTE }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.nat({ max: 7 * MEBIBYTE }), (parts, sizeBytes) => {
        const [from, to] = [scratch.fresh(), scratch.fresh()];
        makeSparse(from, sizeBytes, parts);
        copy(from, to);
        expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
        expect(allocatedBytes(to)).toBeLessThanOrEqual(allocatedBytes(from) + ROUNDING_BYTES);
      }),
      { numRuns: 100 },
    );
  });

  test("of zeros that are not a hole has no hole either", () => {
    const [from, to] = [scratch.fresh(), scratch.fresh()];
    writeFileSync(from, new Uint8Array(MEBIBYTE));
    copy(from, to);
    expect(allocatedBytes(to)).toBeGreaterThanOrEqual(MEBIBYTE);
  });

  test("of a file with another size than expected fails and leaves nothing", () => {
    const [from, to] = [scratch.fresh(), scratch.fresh()];
    makeSparse(from, MEBIBYTE, [[0, data]]);
    const attributes = { ...lstat(bytesFromText(from)), mode: 0o644, mtimeSeconds: 0, mtimeNanoseconds: 0 };
    for (const sizeBytes of [2 * MEBIBYTE, MEBIBYTE / 2]) {
      expect(() =>
        copyFile(
          new PathBuffer().set(bytesFromText(from)),
          new PathBuffer().set(bytesFromText(to)),
          {
            ...attributes,
            sizeBytes,
          },
          UNCANCELLED,
        ),
      ).toThrow("was not copied completely");
      expect(lstat(bytesFromText(to))).toBeUndefined();
    }
  });
});

describe("writing around zeros", () => {
  const write = (bytes: Uint8Array): string => {
    const path = scratch.fresh();
    const descriptor = openSync(path, "wx");
    if (writeAroundZeros(descriptor, bytes, 0)) extendTo(descriptor, bytes.length);
    closeSync(descriptor);
    return path;
  };

  test("gives the same bytes, whatever is zero", () => {
    const runs = fc.array(
      fc.tuple(
        fc.boolean(),
        fc.oneof(
          fc.nat({ max: 40_000 }),
          fc.nat({ max: 20 }).map((pages) => 4096 * pages),
        ),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(runs, (parts) => {
        const bytes = Buffer.concat(parts.map(([isZero, length]) => Buffer.alloc(length, isZero ? 0 : 1)));
        expect(readFileSync(write(bytes)).equals(bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("leaves long runs out, wherever they are", () => {
    const zeros = Buffer.alloc(MEBIBYTE);
    const data = Buffer.alloc(4 * KIBIBYTE, 1);
    for (const [parts, most] of [
      [[zeros], 0],
      [[zeros, data], data.length],
      [[data, zeros], data.length],
      [[data, zeros, data], 2 * data.length],
      [[Buffer.from("x"), zeros, zeros, Buffer.from("y")], 2 * data.length],
    ] as const) {
      const path = write(Buffer.concat(parts));
      expect(allocatedBytes(path)).toBeLessThanOrEqual(most + ROUNDING_BYTES);
      expect(allocatedBytes(path)).toBeGreaterThanOrEqual(most);
    }
  });

  test("writes short runs", () => {
    const path = write(Buffer.concat([Buffer.alloc(4096, 1), Buffer.alloc(3 * 4096), Buffer.alloc(4096, 1)]));
    expect(allocatedBytes(path)).toBeGreaterThanOrEqual(5 * 4096);
  });
});
