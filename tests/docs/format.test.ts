import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keyFileName } from "../../src/key/key-file-name.ts";
import { HEADER_SIZE_BYTES, layoutOf } from "../../src/manifest/layout.ts";
import { nameObject } from "../../src/objects/object-name.ts";
import { hashPaths } from "../../src/read/hash-paths.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory, file, symlink } from "../support/listed-tree.ts";
import { Scratch } from "../support/scratch.ts";

/** Compares the document with what the code does, and computes its examples again. */
const document = readFileSync(join(import.meta.dir, "../../docs/format.md"), "utf8");
const scratch = Scratch.use();

/** The cells of a table's rows, by its heading line. */
function rowsUnder(heading: string): string[][] {
  const start = document.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`docs/format.md has no table with the heading ${heading}`);
  const lines = document.slice(start + heading.length + 2).split("\n");
  const table = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith("|")),
  );
  return table.slice(1).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

const hash = (algorithm: string, ...parts: (string | Uint8Array)[]): Buffer => {
  const hasher = createHash(algorithm);
  for (const part of parts) hasher.update(part);
  return hasher.digest();
};
const sha256 = (...parts: (string | Uint8Array)[]): Buffer => hash("sha256", ...parts);
const root = (...parts: (string | Uint8Array)[]): Buffer => hash("sha512-256", ...parts);

function number(value: number, bytes: 4 | 8): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 4) buffer.writeUInt32LE(value);
  else buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

const CHUNK_BYTES = 4_194_304;
const hello = sha256("hello\n");
const mtime = { seconds: 1_700_000_000, nanoseconds: 5 };
const data = file({ size: 6, mtime, digest: hello.toString("hex") });
const example = manifestOf(
  directory(
    {
      "data.txt": data,
      link: symlink("data.txt", mtime),
      bin: directory({}, { mtime }),
    },
    { mtime: { seconds: 1_700_000_001, nanoseconds: 0 } },
  ),
);

/** The names of columns that are not as in the table of the first example. */
function differing(columns: ReadonlyMap<string, string>): string[] {
  const before = new Map(
    rowsUnder("| column | bytes |").map(([name, hex = ""]) => [name, hex.replaceAll(" ", "")]),
  );
  return [...columns.keys()].filter((name) => before.get(name) !== columns.get(name));
}

describe("docs/format.md", () => {
  test("names of key files", () => {
    const rows = rowsUnder("| key | file name |");
    expect(rows.length).toBeGreaterThan(3);
    for (const [key = "", name] of rows) expect<string | undefined>(keyFileName(key)).toBe(name);
  });

  test("columns, their order, types and counts are the layout's", () => {
    const counts = {
      isSingleFile: false,
      directoryCount: 3,
      fileCount: 5,
      symlinkCount: 7,
      directoryNameBytes: 11,
      fileNameBytes: 13,
      symlinkNameBytes: 17,
      symlinkTargetBytes: 19,
      linkCount: 23,
      usesExclusiveObjects: false,
    };
    const elements: Readonly<Record<string, number>> = { D: 3, F: 5, S: 7, H: 23 };
    const widths: Readonly<Record<string, number>> = { f64: 8, u32: 4, u16: 2, "32 bytes": 32, bytes: 1 };
    const nameBytes: Readonly<Record<string, number>> = {
      directoryNames: 11,
      fileNames: 13,
      symlinkNames: 17,
      symlinkTargets: 19,
    };
    let offset = HEADER_SIZE_BYTES;
    const described: [string, number][] = [];
    for (const [name = "", count = "", type = ""] of rowsUnder("| column | elements | type | |")) {
      described.push([name, offset]);
      offset += (elements[count] ?? nameBytes[name] ?? Number.NaN) * (widths[type] ?? Number.NaN);
    }
    const { sizeBytes, ...columns } = layoutOf(counts);
    expect(described).toEqual(Object.entries(columns));
    expect(offset).toBe(sizeBytes);
  });

  test("the example's payload, byte by byte", () => {
    const bytes = rowsUnder("| column | bytes |").map(([, hex = ""]) => hex.replaceAll(" ", ""));
    expect(bytes.join("")).toBe(Buffer.from(example.payload).toString("hex"));
    const names = rowsUnder("| column | bytes |").map(([name]) => name);
    const { sizeBytes: _, ...columns } = layoutOf(example.counts);
    const { linkFiles: _noLinks, linkTargets: _noTargets, ...others } = columns;
    expect(names).toEqual(["header", ...Object.keys(others)]);
  });

  test("the example of a hard link, byte by byte", () => {
    const linked = manifestOf(
      directory(
        {
          "data.txt": data,
          "more.txt": data,
          link: symlink("data.txt", mtime),
          bin: directory({}, { mtime }),
        },
        { mtime: { seconds: 1_700_000_001, nanoseconds: 0 } },
      ),
      { links: [[1, 0]] },
    );
    const { sizeBytes: endBytes, ...offsets } = layoutOf(linked.counts);
    const starts = [0, ...Object.values(offsets), endBytes];
    const columns = new Map(
      ["header", ...Object.keys(offsets)].map((name, index) => [
        name,
        Buffer.from(linked.payload.subarray(starts[index], starts[index + 1])).toString("hex"),
      ]),
    );
    const described = rowsUnder("| column that differs | bytes |");
    expect(described.map(([name]) => name)).toEqual(differing(columns));
    for (const [name = "", hex = ""] of described)
      expect(hex.replaceAll(" ", "")).toBe(columns.get(name) ?? "");
  });

  test("the example of an object's name", () => {
    expect(document).toContain(`\n${nameObject(example, 0)}\n`);
  });

  test("the example of a family of edited paths", () => {
    const digits = sha256("node_modules").toString("hex").slice(0, 32);
    expect(document).toContain(`for \`node_modules\` it is\n\`family-${digits}\``);
  });

  test("digests, computed as described and by btdt", async () => {
    const emptyDirectory = root("btdt directory 1\0");
    const chunks = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(1)].map((chunk) => sha256(chunk));
    const child = (kind: string, name: string, digest: Uint8Array): Buffer =>
      Buffer.concat([Buffer.from(kind), number(name.length, 4), Buffer.from(name), digest]);
    const tree = root(
      "btdt directory 1\0",
      child("d", "bin", emptyDirectory),
      child("f", "data.txt", hello),
      child("l", "link", sha256("data.txt")),
    );
    const expected = [
      hello,
      root("btdt chunks 1\0", number(CHUNK_BYTES + 1, 8), ...chunks),
      emptyDirectory,
      tree,
      root("btdt paths 1\0", hello, tree),
    ].map((digest) => digest.toString("hex"));
    expect(rowsUnder("| example | digest |").map(([, digest]) => digest)).toEqual(expected);

    const path = scratch.freshDirectory();
    const at = (name: string): string => join(path, name);
    writeFileSync(at("data.txt"), "hello\n");
    symlinkSync("data.txt", at("link"));
    mkdirSync(at("bin"));
    const large = scratch.fresh();
    writeFileSync(large, Buffer.alloc(CHUNK_BYTES + 1));
    const actual: string[] = [];
    for (const paths of [[at("data.txt")], [large], [at("bin")], [path], [at("data.txt"), path]]) {
      actual.push(await hashPaths(paths, inlineRuntime()));
    }
    expect(actual).toEqual(expected);
  });
});
