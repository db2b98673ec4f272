import { describe, expect, test } from "bun:test";
import { encodeHeader, TypeFlag } from "../../../src/archive/tar/header.ts";
import { encodePaxRecords } from "../../../src/archive/tar/pax-records.ts";
import { readTar } from "../../../src/archive/tar/read-tar.ts";
import { TarWriter } from "../../../src/archive/tar/tar-writer.ts";
import type { ByteString } from "../../../src/base/byte-string.ts";
import {
  codeOf,
  flipByte,
  heldEntry,
  holdEntries,
  inPieces,
  writeEntries,
} from "../../support/archive-entries.ts";

const END = Buffer.alloc(1024);

function member(
  fields: Partial<Parameters<typeof encodeHeader>[0]>,
  content: string | Uint8Array = "",
): Buffer {
  const bytes = Buffer.from(content as string, "latin1");
  const header = encodeHeader({
    name: "x" as ByteString,
    prefix: "" as ByteString,
    mode: 0o644,
    sizeBytes: bytes.length,
    mtimeSeconds: 0,
    type: TypeFlag.FILE,
    linkName: "" as ByteString,
    ...fields,
  });
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

function pax(records: Readonly<Record<string, string>>, type: string = TypeFlag.PAX): Buffer {
  return member({ type }, encodePaxRecords(new Map(Object.entries(records)) as Map<string, ByteString>));
}

async function read(...parts: Uint8Array[]) {
  return await holdEntries(readTar(inPieces(Buffer.concat(parts), 700)));
}

/** With its checksum made right. */
function patch(block: Buffer, at: number, bytes: string): Buffer {
  block.write(bytes, at, "latin1");
  block.fill(" ", 148, 156);
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

describe("a name", () => {
  test("may be split, and is whole again", async () => {
    const long = `${"d".repeat(120)}/${"f".repeat(90)}` as ByteString;
    const [entry] = await read(
      member({ name: "f".repeat(90) as ByteString, prefix: "d".repeat(120) as ByteString }),
      END,
    );
    expect(entry?.path).toBe(long);
  });

  test("of an extended header takes precedence over GNU's long name, and that over the header's", async () => {
    const gnu = member({ type: TypeFlag.GNU_LONG_NAME }, "from GNU\0");
    expect((await read(gnu, member({}), END))[0]?.path).toBe("from GNU" as ByteString);
    expect((await read(pax({ path: "from pax" }), gnu, member({}), END))[0]?.path).toBe(
      "from pax" as ByteString,
    );
    expect((await read(pax({ path: "from pax" }), gnu, member({}), member({}), END))[1]?.path).toBe(
      "x" as ByteString,
    );
  });

  test("and other bytes of any kind stay as they are", async () => {
    const [entry] = await read(
      pax({ hdrcharset: "BINARY", path: "caf\xe9", linkpath: "\xff" }),
      member({ type: TypeFlag.SYMLINK }),
      END,
    );
    expect(entry).toMatchObject({ path: "caf\xe9", target: "\xff" });
  });

  test("that ends in a slash makes a directory of what an old program called a file", async () => {
    const [entry] = await read(member({ name: "d/" as ByteString, type: TypeFlag.OLD_FILE }), END);
    expect(entry).toMatchObject({ path: "d", kind: "directory" });
  });
});

test("a global header applies until a file overrides it", async () => {
  const entries = await read(
    pax({ mtime: "77.5", comment: "x" }, TypeFlag.PAX_GLOBAL),
    member({}),
    pax({ mtime: "" }),
    member({ mtimeSeconds: 3 }),
    member({}),
    END,
  );
  expect(entries.map(({ mtimeSeconds, mtimeNanoseconds }) => [mtimeSeconds, mtimeNanoseconds])).toEqual([
    [77, 500_000_000],
    [3, 0],
    [77, 500_000_000],
  ]);
});

test("numbers may be binary, and below zero", async () => {
  const binary = patch(member({}), 136, `\xff${"\xff".repeat(10)}\xfe`);
  expect((await read(binary, END))[0]).toMatchObject({ mtimeSeconds: -2 });
  const large = patch(member({}), 136, `\x80${"\0".repeat(5)}\x03${"\0".repeat(4)}\x01`);
  expect((await read(large, END))[0]).toMatchObject({ mtimeSeconds: 3 * 2 ** 40 + 1 });
});

test("a volume's label is no file, nor is the room that a directory wants to have reserved", async () => {
  const entries = await read(
    member({ type: TypeFlag.GNU_VOLUME, name: "label" as ByteString }),
    patch(member({ type: TypeFlag.DIRECTORY, name: "d" as ByteString }), 124, "00000010000\0"),
    member({}, "content"),
    END,
  );
  expect(entries.map(({ path, content }) => [path, content])).toEqual([
    ["d", ""],
    ["x", "content"],
  ] as never);
});

test("content that is not requested is skipped", async () => {
  const paths: string[] = [];
  const bytes = Buffer.concat([member({}, "y".repeat(5000)), member({ name: "z" as ByteString }), END]);
  for await (const { path } of readTar(inPieces(bytes, 600))) paths.push(path);
  expect(paths).toEqual(["x", "z"]);
});

describe("refused is", () => {
  const archives: Record<string, readonly Uint8Array[]> = {
    "a sparse file of old GNU tar": [member({ type: TypeFlag.GNU_SPARSE }, "map"), END],
    "a sparse file, version 0.0": [pax({ "GNU.sparse.size": "10" }), member({}, "map"), END],
    "a sparse file, version 0.1": [pax({ "GNU.sparse.map": "0,1" }), member({}, "map"), END],
    "a sparse file, version 1.0": [pax({ "GNU.sparse.major": "1" }), member({}, "map"), END],
    "a sparse file of star": [pax({ "SCHILY.realsize": "10" }), member({}, "map"), END],
    "a sparse file of Solaris": [pax({ "SUN.holesdata": " 0 10" }), member({}, "map"), END],
    "an unknown type": [member({ type: "D" }), END],
    "a hard link with content": [member({ type: TypeFlag.HARD_LINK, linkName: "y" as ByteString }, "y"), END],
    "a negative size": [patch(member({}), 124, `\xff${"\xff".repeat(11)}`), END],
    "a size beyond all numbers": [patch(member({}), 124, `\x80\x7f${"\xff".repeat(10)}`), END],
    "a malformed number": [patch(member({}), 100, "0000x44\0"), END],
    "a malformed time": [pax({ mtime: "soon" }), member({}), END],
    "a malformed size": [pax({ size: "-1" }), member({}), END],
    "a malformed record": [member({ type: TypeFlag.PAX }, "99 path=x\n"), member({}), END],
    "a record without a keyword": [member({ type: TypeFlag.PAX }, "6 =ab\n"), member({}), END],
    "an extension without a file": [member({}), pax({ path: "y" }), END],
    "an extension that is too large": [
      patch(member({ type: TypeFlag.PAX }), 124, "00040000000\0"),
      Buffer.alloc(8 * 1024 * 1024),
      END,
    ],
    nothing: [],
    text: [Buffer.from("this is not an archive ".repeat(100))],
    "no end": [member({}, "content")],
    "more after the end": [member({}), END, member({})],
    "more after half of the end": [member({}), Buffer.alloc(512), member({})],
  };
  for (const [name, parts] of Object.entries(archives)) {
    test(name, async () => {
      expect(await codeOf(read(...parts))).toBe("ARCHIVE_INVALID");
    });
  }
});

test("half of the end is an end, and so is one with zeros after it", async () => {
  expect(await read(member({}), Buffer.alloc(512))).toHaveLength(1);
  expect(await read(member({}), Buffer.alloc(20 * 512))).toHaveLength(1);
});

test("one that is truncated anywhere is rejected", async () => {
  const entries = [
    heldEntry({ path: "a", content: "a".repeat(700) }),
    heldEntry({ path: "n".repeat(200), content: "b", mtimeNanoseconds: 1 }),
  ];
  const bytes = await writeEntries((sink) => new TarWriter(sink), entries);
  for (let size = 0; size < bytes.length - 512; size += 61) {
    const code = await codeOf(holdEntries(readTar(inPieces(bytes.subarray(0, size), 512))));
    expect({ size, code }).toEqual({ size, code: "ARCHIVE_INVALID" });
  }
});

test("a flipped bit in a header is detected, or makes no difference", async () => {
  const bytes = await writeEntries(
    (sink) => new TarWriter(sink),
    [heldEntry({ path: "a", content: "content" })],
  );
  const right = await holdEntries(readTar(inPieces(bytes, 512)));
  let foundCount = 0;
  for (let index = 0; index < 512; index++) {
    const read = holdEntries(readTar(inPieces(flipByte(bytes, index), 512)));
    const result = await read.catch((error: unknown) => error);
    if (result instanceof Error) {
      expect(result).toMatchObject({ code: "ARCHIVE_INVALID" });
      foundCount += 1;
    } else expect(result).toEqual(right);
  }
  // A space or a NUL for a zero in the checksum itself.
  expect(foundCount).toBeGreaterThan(500);
});
