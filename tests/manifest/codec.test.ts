import { describe, expect, test } from "bun:test";
import { zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { type ErrorCode, isBtdtError } from "../../src/base/errors.ts";
import { decodeManifest, encodeManifest } from "../../src/manifest/codec.ts";
import { layoutOf } from "../../src/manifest/layout.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { manifestOf, treeOf } from "../support/listed-manifest.ts";
import {
  type DirectoryNode,
  directory,
  directoryNodes,
  type FileNode,
  file,
  fileNodes,
  type ListedNode,
  names,
  symlink,
} from "../support/listed-tree.ts";

const entries: fc.Arbitrary<DirectoryNode | FileNode> = fc.oneof(
  { arbitrary: directoryNodes, weight: 5 },
  { arbitrary: fileNodes, weight: 1 },
);

/** What came of decoding; anything but a tree or a coded error fails the test. */
function outcomeOf(bytes: Uint8Array): { readonly code: ErrorCode } | { readonly manifest: Manifest } {
  try {
    return { manifest: decodeManifest(bytes, "m") };
  } catch (error) {
    if (isBtdtError(error, "MANIFEST_DAMAGED") || isBtdtError(error, "CACHE_FORMAT_NEWER"))
      return { code: error.code };
    throw error;
  }
}

function expectDamaged(bytes: Uint8Array): void {
  expect(outcomeOf(bytes)).toEqual({ code: "MANIFEST_DAMAGED" });
}

/** A manifest file with any payload and a stated size of choice. */
function fileOf(payload: Uint8Array, statedBytes = payload.length, version = 1): Buffer {
  const prefix = Buffer.alloc(16);
  prefix.write("BTDTMANI", "latin1");
  prefix.writeUInt32LE(version, 8);
  prefix.writeUInt32LE(statedBytes, 12);
  return Buffer.concat([prefix, zstdCompressSync(payload)]);
}

function reencoded(manifest: Manifest, alter: (manifest: Manifest, header: Uint32Array) => void): Buffer {
  alter(manifest, new Uint32Array(manifest.payload.buffer, 0, 16));
  return fileOf(Uint8Array.from(manifest.payload));
}

describe("round trip", () => {
  test("any tree", () => {
    fc.assert(
      fc.property(entries, (tree) => {
        const manifest = manifestOf(tree);
        const decoded = decodeManifest(encodeManifest(manifest), "m");
        expect(Buffer.compare(decoded.payload, manifest.payload)).toBe(0);
        expect(treeOf(decoded)).toEqual(tree);
      }),
      { numRuns: 300 },
    );
  });

  test("the encoding of a tree is always the same", () => {
    fc.assert(
      fc.property(entries, (tree) => {
        expect(encodeManifest(manifestOf(tree)).equals(encodeManifest(manifestOf(tree)))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("a directory with ten thousand files, one of another ten thousand directories", () => {
    const children: Record<string, ListedNode> = {};
    for (let index = 0; index < 10_000; index++) {
      children[`f${index}`] = file({ size: index });
      children[`d${index}`] = directory();
    }
    const tree = directory(children);
    expect(treeOf(decodeManifest(encodeManifest(manifestOf(tree)), "m"))).toEqual(tree);
  });

  test("paths are those of the tree", () => {
    const tree = directory({
      a: directory({ b: directory({ x: file(), y: file() }), z: file() }),
      n: file(),
    });
    const manifest = manifestOf(tree);
    const paths = Array.from({ length: manifest.counts.fileCount }, (_, index) => manifest.filePath(index));
    expect(paths).toEqual(["n", "a/z", "a/b/x", "a/b/y"] as typeof paths);
  });
});

describe("damage", () => {
  test("every truncation is rejected", () => {
    fc.assert(
      fc.property(entries, (tree) => {
        const encoded = encodeManifest(manifestOf(tree));
        const step = Math.max(1, Math.floor(encoded.length / 300));
        for (let length = 0; length < encoded.length; length += step) {
          expectDamaged(encoded.subarray(0, length));
        }
        expectDamaged(encoded.subarray(0, encoded.length - 1));
      }),
      { numRuns: 30 },
    );
  });

  test("a changed byte is rejected, or makes no difference", () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), (tree, position, change) => {
        const manifest = manifestOf(tree);
        const encoded = encodeManifest(manifest);
        const index = position % encoded.length;
        encoded[index] = (encoded[index] ?? 0) ^ change;
        const outcome = outcomeOf(encoded);
        // zstd has no checksum here: what it makes of the byte is either rejected or at least a sound tree, and the
        // manifest's name, its SHA-256, tells that it was altered.
        if ("manifest" in outcome) treeOf(outcome.manifest);
      }),
      { numRuns: 600 },
    );
  });

  test("altered columns are rejected, or stand for a sound tree", () => {
    fc.assert(
      fc.property(
        directoryNodes,
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (tree, changes) => {
          const encoded = reencoded(manifestOf(tree), ({ payload }) => {
            for (const [position, value] of changes) payload[position % payload.length] = value;
          });
          const outcome = outcomeOf(encoded);
          if ("manifest" in outcome) treeOf(outcome.manifest);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("random bytes after a valid prefix", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
        const outcome = outcomeOf(fileOf(payload));
        if ("manifest" in outcome) treeOf(outcome.manifest);
      }),
      { numRuns: 300 },
    );
  });

  test("a newer format says so, an older one is damage", () => {
    const payload = manifestOf(directory()).payload;
    expect(outcomeOf(fileOf(payload, payload.length, 3))).toEqual({ code: "CACHE_FORMAT_NEWER" });
    expectDamaged(fileOf(payload, payload.length, 0));
  });
});

describe("hostile payloads", () => {
  const withNames = (...fileNames: string[]): DirectoryNode =>
    directory(Object.fromEntries(fileNames.map((name) => [name, file()])));

  for (const name of ["..", ".", "a/b", "/etc", "a\0b", ""]) {
    test(`the name ${JSON.stringify(name)}`, () => {
      expectDamaged(encodeManifest(manifestOf(withNames(name))));
      expectDamaged(encodeManifest(manifestOf(directory({ [name]: directory() }))));
      expectDamaged(encodeManifest(manifestOf(directory({ [name]: symlink("x") }))));
    });
  }

  test("a name or path that is too long", () => {
    expectDamaged(encodeManifest(manifestOf(withNames("x".repeat(1025)))));
    let deep = directory();
    for (let depth = 0; depth < 5000; depth++) deep = directory({ d: deep });
    expectDamaged(encodeManifest(manifestOf(deep)));
  });

  test("names out of order or duplicated", () => {
    const twoNames = (left: string, right: string): Buffer =>
      reencoded(manifestOf(withNames("aa", "bb")), (manifest) => {
        manifest.fileNames.set(Buffer.from(left + right, "latin1"));
      });
    expect(outcomeOf(twoNames("aa", "bb"))).toHaveProperty("manifest");
    expectDamaged(twoNames("bb", "aa"));
    expectDamaged(twoNames("aa", "aa"));
  });

  test("two names are accepted if and only if the second sorts after the first by its bytes", () => {
    fc.assert(
      fc.property(names, names, (left, right) => {
        fc.pre(left !== right);
        const inOrder = manifestOf(withNames(...[left, right].toSorted((a, b) => (a < b ? -1 : 1))));
        const bytes = reencoded(inOrder, (manifest) => {
          manifest.fileNames.set(Buffer.from(left + right, "latin1"));
          manifest.fileNameEnds[0] = left.length;
        });
        expect("manifest" in outcomeOf(bytes)).toBe(left < right);
      }),
      {
        numRuns: 500,
        examples: [
          ["a", "ab"],
          ["ab", "a"],
          ["\x7f", "\x80"],
          ["\xff", "\x80"],
          [".a", "..b"],
        ],
      },
    );
  });

  test("one name for a file, a symlink and a directory", () => {
    const alter = (tree: DirectoryNode): Buffer =>
      reencoded(manifestOf(tree), (manifest) => {
        for (const column of [manifest.fileNames, manifest.symlinkNames, manifest.directoryNames])
          column.fill(0x61);
      });
    expectDamaged(alter(directory({ a: file(), b: directory() })));
    expectDamaged(alter(directory({ a: file(), b: symlink("x") })));
    expectDamaged(alter(directory({ a: directory(), b: symlink("x") })));
    expect(outcomeOf(alter(directory({ a: directory({ b: file() }) })))).toHaveProperty("manifest");
  });

  test("many names of three kinds are accepted exactly when no two are the same", () => {
    const letters = fc.uniqueArray(fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz".split("")), {
      maxLength: 9,
    });
    fc.assert(
      fc.property(letters, letters, letters, (files, directories, symlinks) => {
        const tree = directory(
          Object.fromEntries([
            ...files.map((letter) => [`F${letter}`, file()] as const),
            ...directories.map((letter) => [`D${letter}`, directory({ Fa: file() })] as const),
            ...symlinks.map((letter) => [`S${letter}`, symlink("x")] as const),
          ]),
        );
        // Without what kept them apart.
        const bytes = reencoded(manifestOf(tree), (manifest) => {
          for (const column of [manifest.fileNames, manifest.symlinkNames, manifest.directoryNames]) {
            for (let first = 0; first < column.length; first += 2) column[first] = 0x5f;
          }
        });
        const all = [...files, ...directories, ...symlinks];
        expect("manifest" in outcomeOf(bytes)).toBe(new Set(all).size === all.length);
      }),
      { numRuns: 500 },
    );
  });

  test("parents in a cycle, after their children, or out of range", () => {
    const tree = directory({ a: directory(), b: directory() });
    for (const [index, parent] of [
      [1, 2],
      [1, 1],
      [2, 2],
      [2, 7],
      [0, 1],
      [2, 0xffff_ffff],
    ] as const) {
      expectDamaged(
        reencoded(manifestOf(tree), (manifest) => {
          manifest.directoryParents[index] = parent;
        }),
      );
    }
  });

  test("ends that fall, overrun or fall short", () => {
    const tree = directory({ a: file(), b: file(), l: symlink("t"), d: directory({ c: file() }) });
    const columns = (manifest: Manifest): Uint32Array[] => [
      manifest.directoryNameEnds,
      manifest.directoryFileEnds,
      manifest.directorySymlinkEnds,
      manifest.fileNameEnds,
      manifest.symlinkNameEnds,
      manifest.symlinkTargetEnds,
    ];
    for (const column of columns(manifestOf(tree)).keys()) {
      for (const value of [0xffff_ffff, 0x8000_0000, 9]) {
        expectDamaged(
          reencoded(manifestOf(tree), (manifest) => {
            const ends = columns(manifest)[column];
            if (ends !== undefined) ends[ends.length - 1] = value;
          }),
        );
      }
    }
  });

  test("impossible modes, times and sizes", () => {
    const tree = (): Manifest => manifestOf(directory({ a: file(), l: symlink("t") }));
    const alterations: ((manifest: Manifest) => void)[] = [
      (manifest) => manifest.fileModes.fill(0o10000),
      (manifest) => manifest.directoryModes.fill(0xffff),
      (manifest) => manifest.fileMtimeNanoseconds.fill(1e9),
      (manifest) => manifest.directoryMtimeNanoseconds.fill(0xffff_ffff),
      (manifest) => manifest.symlinkMtimeNanoseconds.fill(1e9),
      (manifest) => manifest.fileMtimeSeconds.fill(Number.NaN),
      (manifest) => manifest.directoryMtimeSeconds.fill(Number.POSITIVE_INFINITY),
      (manifest) => manifest.symlinkMtimeSeconds.fill(0.5),
      (manifest) => manifest.fileSizes.fill(-1),
      (manifest) => manifest.fileSizes.fill(2 ** 53),
      (manifest) => manifest.fileSizes.fill(1.5),
      (manifest) => manifest.symlinkTargets.fill(0),
    ];
    for (const alter of alterations) expectDamaged(reencoded(tree(), alter));
  });

  test("a symlink without a target", () => {
    expectDamaged(encodeManifest(manifestOf(directory({ l: symlink("") }))));
  });

  test("a single file that is not single", () => {
    for (const tree of [directory(), directory({ a: file() }), directory({ a: file(), b: file() })]) {
      expectDamaged(
        reencoded(manifestOf(tree), (_, header) => {
          header[0] = 1;
        }),
      );
    }
  });

  test("huge counts cost no memory", () => {
    for (let word = 1; word <= 8; word++) {
      for (const value of [0xffff_ffff, 0x7fff_ffff, 0x1000_0000]) {
        expectDamaged(
          reencoded(manifestOf(directory({ a: file() })), (_, header) => {
            header[word] = value;
          }),
        );
      }
    }
  });

  test("no root, unknown flags, reserved words in use", () => {
    for (const [word, value] of [
      [0, 2],
      [8, 1],
      [9, 2],
      [10, 1],
      [15, 1],
    ] as const) {
      expectDamaged(
        reencoded(manifestOf(directory()), (_, header) => {
          header[word] = value;
        }),
      );
    }
    expectDamaged(fileOf(new Uint8Array(64)));
  });

  test("a frame that inflates to more than it states", () => {
    const bomb = new Uint8Array(256 * 1024 * 1024);
    expectDamaged(fileOf(bomb, 64));
    expectDamaged(fileOf(bomb, 1024 * 1024));
    const { payload } = manifestOf(directory({ a: file() }));
    expectDamaged(fileOf(Buffer.concat([payload, new Uint8Array(8)]), payload.length));
    expectDamaged(fileOf(payload, payload.length + 8));
    expectDamaged(fileOf(payload, 0));
    expectDamaged(fileOf(payload, 0xffff_ffff));
  });
});

test("every column is aligned and none overlaps", () => {
  const count = fc.nat({ max: 1000 });
  const fourBytes = /Nanoseconds$|Ends$|Parents$|^link/;
  fc.assert(
    fc.property(
      fc.record({
        isSingleFile: fc.boolean(),
        directoryCount: count,
        fileCount: count,
        symlinkCount: count,
        directoryNameBytes: count,
        fileNameBytes: count,
        symlinkNameBytes: count,
        symlinkTargetBytes: count,
        linkCount: count,
        usesExclusiveObjects: fc.boolean(),
      }),
      (counts) => {
        const { sizeBytes, ...columns } = layoutOf(counts);
        const offsets = Object.values(columns);
        expect(offsets).toEqual(offsets.toSorted((left, right) => left - right));
        expect(offsets[0]).toBe(64);
        for (const [name, offset] of Object.entries(columns)) {
          const width = /Seconds$|Sizes$/.test(name) ? 8 : fourBytes.test(name) ? 4 : 1;
          expect(offset % width).toBe(0);
        }
        expect(sizeBytes).toBe(
          64 +
            30 * counts.directoryCount +
            58 * counts.fileCount +
            20 * counts.symlinkCount +
            8 * counts.linkCount +
            counts.directoryNameBytes +
            counts.fileNameBytes +
            counts.symlinkNameBytes +
            counts.symlinkTargetBytes,
        );
      },
    ),
    { numRuns: 200 },
  );
});
