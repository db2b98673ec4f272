import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { isBtdtError } from "../../src/base/errors.ts";
import { decodeManifest, encodeManifest, manifestDigestOf, versionOf } from "../../src/manifest/codec.ts";
import { decodeDelta, encodeDelta, readBaseManifest } from "../../src/manifest/delta-codec.ts";
import { extendManifest } from "../../src/manifest/extend-manifest.ts";
import { at, type Manifest } from "../../src/manifest/manifest.ts";
import { treeDigest } from "../../src/read/tree-digest.ts";
import { FIRST_MANIFEST, FIRST_MANIFEST_DIGEST } from "../support/first-format.ts";
import { type Extras, linksOf, manifestOf, treeOf } from "../support/listed-manifest.ts";
import { directory, directoryNodes, file, type ListedNode } from "../support/listed-tree.ts";

const FORMAT_OFFSET = 8;

function isAccepted(bytes: Uint8Array): boolean {
  try {
    decodeManifest(bytes, "m");
    return true;
  } catch (error) {
    if (isBtdtError(error, "MANIFEST_DAMAGED")) return false;
    throw error;
  }
}

/** Any tree, and hard links between its files: each to an earlier one that is not a link. */
const linked: fc.Arbitrary<Manifest> = fc
  .tuple(directoryNodes, fc.array(fc.tuple(fc.boolean(), fc.nat()), { maxLength: 40 }), fc.boolean())
  .map(([tree, choices, usesExclusiveObjects]) => {
    const { fileCount } = manifestOf(tree).counts;
    const links: [number, number][] = [];
    const others: number[] = [];
    for (let index = 0; index < fileCount; index++) {
      const [isLink = false, choice = 0] = choices[index] ?? [];
      if (isLink && others.length > 0) links.push([index, others[choice % others.length] ?? 0]);
      else others.push(index);
    }
    return manifestOf(tree, { links, usesExclusiveObjects });
  });

describe("round trip", () => {
  test("any tree with hard links, with the format that it needs", () => {
    fc.assert(
      fc.property(linked, (manifest) => {
        const bytes = encodeManifest(manifest);
        expect(bytes.readUInt32LE(FORMAT_OFFSET)).toBe(versionOf(manifest.counts));
        const decoded = decodeManifest(bytes, "m");
        expect(Buffer.compare(decoded.payload, manifest.payload)).toBe(0);
        expect(treeOf(decoded)).toEqual(treeOf(manifest));
        expect(linksOf(decoded)).toEqual(linksOf(manifest));
      }),
      { numRuns: 300 },
    );
  });

  test("as a delta against any other tree", () => {
    fc.assert(
      fc.property(linked, linked, (manifest, other) => {
        const bytes = encodeManifest(other);
        const base = readBaseManifest(bytes, manifestDigestOf(bytes));
        const delta = encodeDelta(manifest, base);
        expect(delta.readUInt32LE(FORMAT_OFFSET)).toBe(versionOf(manifest.counts));
        expect(linksOf(decodeDelta(delta, "m", base))).toEqual(linksOf(manifest));
      }),
      { numRuns: 200 },
    );
  });

  test("links do not change a tree's digest", () => {
    const two = directory({ a: file(), b: file() });
    expect(treeDigest(manifestOf(two, { links: [[1, 0]] }))).toEqual(treeDigest(manifestOf(two)));
  });
});

describe("extending a manifest", () => {
  test("gives what would have been built with the links", () => {
    fc.assert(
      fc.property(linked, fc.boolean(), (manifest, usesExclusiveObjects) => {
        const { linkFiles, linkTargets } = manifest;
        const bare = extendManifest(manifest, {
          linkFiles: new Uint32Array(0),
          linkTargets: new Uint32Array(0),
          usesExclusiveObjects,
        });
        expect(linksOf(bare)).toEqual([]);
        expect(treeOf(bare)).toEqual(treeOf(manifest));
        const again = extendManifest(bare, {
          linkFiles,
          linkTargets,
          usesExclusiveObjects: manifest.counts.usesExclusiveObjects,
        });
        expect(Buffer.compare(again.payload, manifest.payload)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test("by nothing returns the same one", () => {
    const manifest = manifestOf(directory({ a: file() }));
    const none = new Uint32Array(0);
    expect(extendManifest(manifest, { linkFiles: none, linkTargets: none })).toBe(manifest);
    expect(extendManifest(manifest, { usesExclusiveObjects: false })).toBe(manifest);
  });
});

test("isLink is true for links, and only for them", () => {
  fc.assert(
    fc.property(linked, (manifest) => {
      const files = Array.from({ length: manifest.counts.fileCount }, (_, index) => index);
      expect(files.filter((index) => manifest.isLink(index))).toEqual([...manifest.linkFiles]);
    }),
  );
});

describe("hostile links", () => {
  const tree = directory({ a: file(), b: file(), c: file(), d: file({ size: 2 }) });
  const alter = (extras: Extras, change: (manifest: Manifest) => void): boolean => {
    const manifest = manifestOf(tree, extras);
    change(manifest);
    return isAccepted(encodeManifest(manifest));
  };
  const isLinkAccepted = (...links: (readonly [number, number])[]): boolean =>
    alter({ links: links.map(() => [1, 0]) }, (manifest) => {
      manifest.linkFiles.set(links.map(([from]) => from));
      manifest.linkTargets.set(links.map(([, target]) => target));
    });

  test("to an earlier equal file: the only sound ones", () => {
    expect(isLinkAccepted([1, 0])).toBe(true);
    expect(isLinkAccepted([1, 0], [2, 0])).toBe(true);
  });

  test("to itself, to a later file, or in a cycle", () => {
    expect(isLinkAccepted([0, 0])).toBe(false);
    expect(isLinkAccepted([1, 1])).toBe(false);
    expect(isLinkAccepted([0, 1])).toBe(false);
    expect(isLinkAccepted([0, 1], [1, 0])).toBe(false);
  });

  test("to another link", () => {
    expect(isLinkAccepted([1, 0], [2, 1])).toBe(false);
  });

  test("twice for one file, or out of order", () => {
    expect(isLinkAccepted([1, 0], [1, 0])).toBe(false);
    expect(isLinkAccepted([2, 0], [1, 0])).toBe(false);
  });

  test("from or to a file that does not exist", () => {
    for (const beyond of [4, 0x7fff_ffff, 0xffff_ffff]) {
      expect(isLinkAccepted([beyond, 0])).toBe(false);
      expect(isLinkAccepted([1, beyond])).toBe(false);
      expect(isLinkAccepted([beyond, beyond - 1])).toBe(false);
    }
  });

  test("between files that differ in anything an inode has", () => {
    expect(isLinkAccepted([3, 0])).toBe(false);
    const changes: ((manifest: Manifest) => void)[] = [
      (manifest) => manifest.fileModes.fill(0o600, 1, 2),
      (manifest) => manifest.fileSizes.fill(7, 1, 2),
      (manifest) => manifest.fileMtimeSeconds.fill(1, 1, 2),
      (manifest) => manifest.fileMtimeNanoseconds.fill(1, 1, 2),
      (manifest) => manifest.fileDigests.fill(1, 32, 33),
      (manifest) => manifest.fileDigests.fill(1, 63, 64),
    ];
    for (const change of changes) expect(alter({ links: [[1, 0]] }, change)).toBe(false);
    for (const change of changes) expect(alter({}, change)).toBe(true);
  });

  test("in a single file", () => {
    const manifest = manifestOf(file(), { links: [[0, 0]] });
    expect(isAccepted(encodeManifest(manifest))).toBe(false);
  });

  test("any columns are accepted exactly when they are sound", () => {
    const children: Record<string, ListedNode> = {};
    for (let index = 0; index < 6; index++) children[`f${index}`] = file({ size: index % 2 });
    const pairs = fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(pairs, (links) => {
        const manifest = manifestOf(directory(children), { links: links.map(() => [0, 0]) });
        manifest.linkFiles.set(links.map(([from]) => from));
        manifest.linkTargets.set(links.map(([, target]) => target));
        const isSound = links.every(([from, target], index) => {
          const isAscending = index === 0 || (links[index - 1]?.[0] ?? 0) < from;
          const isEqual = from % 2 === target % 2;
          return (
            isAscending && from < 6 && target < from && isEqual && !links.some(([other]) => other === target)
          );
        });
        expect(isAccepted(encodeManifest(manifest))).toBe(isSound);
      }),
      { numRuns: 2000 },
    );
  });
});

test("a tree with neither links nor exclusive objects is encoded as the first version did", () => {
  const manifest = decodeManifest(FIRST_MANIFEST, "m");
  expect(linksOf(manifest)).toEqual([]);
  const encoded = encodeManifest(manifestOf(treeOf(manifest)));
  expect(encoded.toString("hex")).toBe(FIRST_MANIFEST.toString("hex"));
  expect(manifestDigestOf(encoded)).toBe(FIRST_MANIFEST_DIGEST);
});

describe("one tree has one encoding", () => {
  const restated = (manifest: Manifest, version: number): Uint8Array => {
    const bytes = encodeManifest(manifest);
    bytes.writeUInt32LE(version, FORMAT_OFFSET);
    return bytes;
  };
  const two = directory({ a: file(), b: file() });

  test("format 1 has no links and no exclusive objects", () => {
    expect(isAccepted(restated(manifestOf(two, { links: [[1, 0]] }), 1))).toBe(false);
    expect(isAccepted(restated(manifestOf(two, { usesExclusiveObjects: true }), 1))).toBe(false);
  });

  test("format 2 has one or the other", () => {
    expect(isAccepted(restated(manifestOf(two), 2))).toBe(false);
    expect(isAccepted(restated(manifestOf(two, { links: [[1, 0]] }), 2))).toBe(true);
    expect(isAccepted(restated(manifestOf(two, { usesExclusiveObjects: true }), 2))).toBe(true);
  });

  test("the same holds for deltas", () => {
    const bytes = encodeManifest(manifestOf(two));
    const base = readBaseManifest(bytes, manifestDigestOf(bytes));
    const delta = encodeDelta(manifestOf(two, { links: [[1, 0]] }), base);
    expect(linksOf(decodeDelta(delta, "m", base))).toHaveLength(1);
    delta.writeUInt32LE(1, FORMAT_OFFSET);
    expect(() => decodeDelta(delta, "m", base)).toThrow("damaged");
    const plain = encodeDelta(manifestOf(two), base);
    plain.writeUInt32LE(2, FORMAT_OFFSET);
    expect(() => decodeDelta(plain, "m", base)).toThrow("damaged");
  });

  test("a base may have another format than its delta", () => {
    const manifest = manifestOf(two, { links: [[1, 0]], usesExclusiveObjects: true });
    const bytes = encodeManifest(manifest);
    const base = readBaseManifest(bytes, manifestDigestOf(bytes));
    const decoded = decodeDelta(encodeDelta(manifestOf(two), base), "m", base);
    expect(at(new Uint32Array(decoded.payload.buffer, 0, 16), 9)).toBe(0);
    expect(linksOf(decoded)).toEqual([]);
  });
});
