import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { isBtdtError } from "../../src/base/errors.ts";
import { decodeManifest, encodeManifest, manifestDigestOf } from "../../src/manifest/codec.ts";
import {
  type BaseManifest,
  baseDigestOf,
  decodeDelta,
  encodeDelta,
  readBaseManifest,
} from "../../src/manifest/delta-codec.ts";
import { ManifestReader } from "../../src/manifest/manifest-reader.ts";
import { manifestOf, treeOf } from "../support/listed-manifest.ts";
import { directory, directoryNodes, type FileNode, file, type ListedNode } from "../support/listed-tree.ts";

interface Base extends BaseManifest {
  readonly file: Uint8Array;
}

function baseOf(tree: ListedNode & { kind: "directory" | "file" }): Base {
  const bytes = encodeManifest(manifestOf(tree));
  return { file: bytes, ...readBaseManifest(bytes, manifestDigestOf(bytes)) };
}

/** Anything but a tree or a coded error fails the test. */
function isDamaged(delta: Uint8Array, base: BaseManifest): boolean {
  try {
    decodeDelta(delta, "m", base);
    return false;
  } catch (error) {
    if (isBtdtError(error, "MANIFEST_DAMAGED") || isBtdtError(error, "CACHE_FORMAT_NEWER")) return true;
    throw error;
  }
}

const digest = (seed: number): string => new Bun.SHA256().update(String(seed)).digest("hex");

function manyFiles(
  count: number,
  changed: (index: number) => boolean = () => false,
): ListedNode & { kind: "directory" } {
  const children: Record<string, FileNode> = {};
  for (let index = 0; index < count; index++) {
    children[`f${index}`] = file({ size: index + 1, digest: digest(changed(index) ? -index - 1 : index) });
  }
  return directory(children);
}

describe("a delta", () => {
  test("of any tree against any other gives the tree back", () => {
    fc.assert(
      fc.property(directoryNodes, directoryNodes, (tree, other) => {
        const base = baseOf(other);
        const delta = encodeDelta(manifestOf(tree), base);
        expect(baseDigestOf(delta)).toBe(base.digest);
        expect(treeOf(decodeDelta(delta, "m", base))).toEqual(tree);
      }),
      { numRuns: 200 },
    );
  });

  test("of a tree in which one file of a hundred changed takes a twentieth of its manifest or less", () => {
    const changed = manifestOf(manyFiles(20_000, (index) => index % 100 === 0));
    const delta = encodeDelta(changed, baseOf(manyFiles(20_000)));
    expect(delta.length).toBeLessThan(encodeManifest(changed).length / 20);
    expect(treeOf(decodeDelta(delta, "m", baseOf(manyFiles(20_000))))).toEqual(treeOf(changed));
  });

  test("is not a complete manifest, and vice versa", () => {
    const base = baseOf(manyFiles(3));
    const delta = encodeDelta(manifestOf(manyFiles(4)), base);
    expect(() => decodeManifest(delta, "m")).toThrow("manifest m is damaged: its magic number is wrong");
    expect(isDamaged(base.file, base)).toBe(true);
    expect(baseDigestOf(base.file)).toBeUndefined();
  });

  test("against another delta is rejected", () => {
    const delta = encodeDelta(manifestOf(manyFiles(4)), baseOf(manyFiles(3)));
    expect(() => readBaseManifest(delta, manifestDigestOf(delta))).toThrow("its magic number is wrong");
  });

  test("that was altered or cut off anywhere is damaged or another tree, never anything else", () => {
    const base = baseOf(manyFiles(50));
    const delta = encodeDelta(manifestOf(manyFiles(50, (index) => index === 7)), base);
    for (let length = 0; length < delta.length; length += 1) {
      expect(isDamaged(delta.subarray(0, length), base)).toBe(true);
    }
    fc.assert(
      fc.property(fc.nat(delta.length - 1), fc.integer({ min: 1, max: 255 }), (offset, change) => {
        const altered = Uint8Array.from(delta);
        altered[offset] = (altered[offset] ?? 0) ^ change;
        isDamaged(altered, base);
      }),
      { numRuns: 500 },
    );
  });

  test("needs exactly the base that it was created with", () => {
    const base = baseOf(manyFiles(50));
    const delta = encodeDelta(manifestOf(manyFiles(50, (index) => index === 7)), base);
    expect(isDamaged(delta, baseOf(manyFiles(51)))).toBe(true);
  });
});

describe("a reader", () => {
  const base = baseOf(manyFiles(100));
  const tree = manyFiles(100, (index) => index === 7);
  const delta = encodeDelta(manifestOf(tree), base);
  const name = manifestDigestOf(delta);
  const readerOf = (files: Readonly<Record<string, Uint8Array>>): ManifestReader =>
    new ManifestReader((digestOfFile) => files[digestOfFile]);

  test("reads a delta with its base, and names the base", () => {
    const read = readerOf({ [name]: delta, [base.digest]: base.file }).read(name);
    if (read.kind !== "read") throw new Error(read.kind);
    expect(treeOf(read.manifest)).toEqual(tree);
    expect(read.base).toBe(base.digest);
  });

  test("distinguishes missing from damaged", () => {
    const altered = Uint8Array.from(base.file).fill(0, 20, 30);
    expect(readerOf({}).read(name)).toEqual({ kind: "missing" });
    expect(readerOf({ [name]: delta.subarray(0, 100) }).read(name)).toEqual({
      kind: "damaged",
      reason: "its manifest has been altered",
    });
    expect(readerOf({ [name]: delta }).read(name)).toEqual({
      kind: "damaged",
      reason: "its base manifest is missing",
    });
    expect(readerOf({ [name]: delta, [base.digest]: altered }).read(name)).toEqual({
      kind: "damaged",
      reason: "its base manifest has been altered",
    });
  });
});
