import { describe, expect, test } from "bun:test";
import { closeSync, openSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { strToU8, zipSync } from "fflate";
import { readZip } from "../../../src/archive/zip/read-zip.ts";
import { assertZipHolds, ZipWriter } from "../../../src/archive/zip/zip-writer.ts";
import {
  codeOf,
  flipByte,
  type HeldEntry,
  heldEntry,
  holdEntries,
  writeEntries,
} from "../../support/archive-entries.ts";
import { Scratch } from "../../support/scratch.ts";

const scratch = Scratch.use();
const UTF8_FLAG = 0x800;
const LOCAL_FLAGS = 6;
const CENTRAL_FLAGS = 8;

async function read(bytes: Uint8Array): Promise<HeldEntry[]> {
  const path = scratch.fresh();
  writeFileSync(path, bytes);
  const descriptor = openSync(path, "r");
  try {
    return await holdEntries(readZip(descriptor, async () => undefined));
  } finally {
    closeSync(descriptor);
  }
}

/** Where the first header of the directory begins. */
function centralOf(bytes: Buffer): number {
  return bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
}

/** A zip file of one file with a name of any bytes. */
function named(name: string, flags: number, extra: Buffer = Buffer.alloc(0)): Buffer {
  const plain = Buffer.from(zipSync({ ["n".repeat(name.length)]: strToU8("content") }, { level: 0 }));
  const central = centralOf(plain);
  plain.write(name, 30, "latin1");
  plain.write(name, central + 46, "latin1");
  plain.writeUInt16LE(flags, LOCAL_FLAGS);
  plain.writeUInt16LE(flags, central + CENTRAL_FLAGS);
  plain.writeUInt16LE(extra.length, central + 30);
  const end = plain.length - 22;
  plain.writeUInt32LE(end - central + extra.length, end + 12);
  return Buffer.concat([plain.subarray(0, end), extra, plain.subarray(end)]);
}

test("a zip file gives back what was written, times to two seconds", async () => {
  const path = fc.string({ unit: fc.constantFrom("a", "b", ".", "\xc3\xbc"), minLength: 1, maxLength: 30 });
  const entry = fc
    .record({
      path,
      mode: fc.integer({ min: 0, max: 0o7777 }),
      mtimeSeconds: fc.integer({ min: 600_000_000, max: 900_000_000 }).map((half) => 2 * half),
      kind: fc.constantFrom("file" as const, "directory" as const, "symlink" as const),
      text: fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 3000 }),
    })
    .map(({ text, ...fields }) =>
      heldEntry({
        ...fields,
        ...(fields.kind === "file" ? { content: text } : {}),
        ...(fields.kind === "symlink" ? { target: text } : {}),
      }),
    );
  const entries = fc.uniqueArray(entry, { selector: (each) => each.path, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(entries, async (written) => {
      expect(await read(await writeEntries((sink) => new ZipWriter(sink), written))).toEqual(written);
    }),
    { numRuns: 150 },
  );
});

test("a content of several pieces is checked as a whole", async () => {
  const large = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)).toHex().repeat(20));
  const bytes = Buffer.from(zipSync({ large }));
  expect((await read(bytes))[0]?.content).toBe(large.toString("latin1"));
  expect(await codeOf(read(flipByte(bytes, 500_000)))).toBe("ARCHIVE_INVALID");
});

describe("a name that is not ASCII", () => {
  const utf8 = "caf\xc3\xa9";

  test("is UTF-8 when the archive says so", async () => {
    expect((await read(named(utf8, UTF8_FLAG)))[0]?.path as string).toBe(utf8);
    expect(await codeOf(read(named("caf\xe9", UTF8_FLAG)))).toBe("ARCHIVE_INVALID");
  });

  test("is rejected if its encoding is unknown", async () => {
    expect(await codeOf(read(named("caf\x82", 0)))).toBe("ARCHIVE_INVALID");
    expect(await codeOf(read(named(utf8, 0)))).toBe("ARCHIVE_INVALID");
  });

  test("may stand in a field of its own, for exactly that name", async () => {
    const field = (ofName: string): Buffer => {
      const extra = Buffer.alloc(9 + utf8.length);
      extra.writeUInt16LE(0x7075, 0);
      extra.writeUInt16LE(5 + utf8.length, 2);
      extra.writeUInt8(1, 4);
      extra.writeUInt32LE(Bun.hash.crc32(Buffer.from(ofName, "latin1")), 5);
      extra.write(utf8, 9, "latin1");
      return extra;
    };
    expect((await read(named("caf\x82", 0, field("caf\x82"))))[0]?.path as string).toBe(utf8);
    expect(await codeOf(read(named("caf\x82", 0, field("other"))))).toBe("ARCHIVE_INVALID");
  });
});

describe("refused is", () => {
  const one = (): Buffer => Buffer.from(zipSync({ x: strToU8("content of x ".repeat(50)) }));
  const two = (): Buffer => Buffer.from(zipSync({ x: strToU8("x"), y: strToU8("y") }, { level: 0 }));
  const archives: Record<string, () => Buffer> = {
    nothing: () => Buffer.alloc(0),
    "a directory that states more files than it has": () => {
      const bytes = two();
      bytes.writeUInt16LE(3, bytes.length - 14);
      bytes.writeUInt16LE(3, bytes.length - 12);
      return bytes;
    },
    "a part of several": () => {
      const bytes = two();
      bytes.writeUInt16LE(1, bytes.length - 18);
      return bytes;
    },
    "two files in one place": () => {
      const bytes = two();
      const second = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]), centralOf(bytes) + 4);
      bytes.writeUInt32LE(0, second + 42);
      return bytes;
    },
    "a header that contradicts the directory": () => {
      const bytes = one();
      bytes.writeUInt16LE(bytes.readUInt16LE(10) ^ 64, 10);
      return bytes;
    },
    "an encrypted file": () => {
      const bytes = one();
      bytes.writeUInt16LE(1, centralOf(bytes) + CENTRAL_FLAGS);
      return bytes;
    },
    "an unknown compression": () => {
      const bytes = one();
      bytes.writeUInt16LE(93, 8);
      bytes.writeUInt16LE(93, centralOf(bytes) + 10);
      return bytes;
    },
    "a 64-bit file": () => {
      const bytes = one();
      bytes.writeUInt32LE(0xffffffff, centralOf(bytes) + 24);
      return bytes;
    },
    "a content that inflates to more than it states": () => {
      const bytes = one();
      bytes.writeUInt32LE(10, centralOf(bytes) + 24);
      bytes.writeUInt32LE(10, 22);
      return bytes;
    },
    "a content with another checksum": () => {
      const bytes = one();
      bytes.writeUInt32LE(7, centralOf(bytes) + 16);
      bytes.writeUInt32LE(7, 14);
      return bytes;
    },
  };
  for (const [name, make] of Object.entries(archives)) {
    test(name, async () => {
      expect(await codeOf(read(make()))).toBe("ARCHIVE_INVALID");
    });
  }
});

test("one that is truncated anywhere is rejected", async () => {
  const bytes = Buffer.from(zipSync({ x: strToU8("content".repeat(20)), "d/y": strToU8("y") }));
  for (let size = 0; size < bytes.length; size++) {
    expect({ size, code: await codeOf(read(bytes.subarray(0, size))) }).toEqual({
      size,
      code: "ARCHIVE_INVALID",
    });
  }
});

test("what needs the 64-bit extension is detected beforehand", () => {
  expect(() => assertZipHolds(65_534, 2 ** 32 - 2)).not.toThrow();
  expect(() => assertZipHolds(65_535, 0)).toThrow("at most 65,534 files");
  expect(() => assertZipHolds(1, 2 ** 32 - 1)).toThrow("no room for more than 4 GiB");
});
