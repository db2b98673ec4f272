import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { isBtdtError } from "../../src/base/errors.ts";
import {
  checkedManifest,
  decodeManifest,
  encodeManifest,
  type Reading,
  versionOf,
} from "../../src/manifest/codec.ts";
import { ManifestReader } from "../../src/manifest/manifest-reader.ts";
import { manifestOf, treeOf } from "../support/listed-manifest.ts";
import { directory, directoryNodes, file } from "../support/listed-tree.ts";

/** What is wrong with a payload, or undefined. */
function problemOf(version: number, payload: Uint8Array, reading?: Reading): string | undefined {
  try {
    checkedManifest({ version, payload: Uint8Array.from(payload) }, "m", reading);
    return undefined;
  } catch (error) {
    if (isBtdtError(error, "MANIFEST_DAMAGED")) return error.message;
    throw error;
  }
}

test("what is wrong with a manifest is found just the same after one that is almost alike", () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 3 });
  fc.assert(
    fc.property(directoryNodes, changes, fc.boolean(), (tree, altered, isPrivate) => {
      const sound = manifestOf(tree);
      const payload = Uint8Array.from(sound.payload);
      for (const [position, change] of altered) {
        const index = position % payload.length;
        payload[index] = (payload[index] ?? 0) ^ change;
      }
      const version = versionOf(sound.counts);
      expect(problemOf(version, payload, { sound, isPrivate })).toEqual(problemOf(version, payload));
    }),
    { numRuns: 3000 },
  );
});

test("names that are out of order in the second of two manifests are noticed", () => {
  const sound = manifestOf(directory({ a: file(), b: file() }));
  const swapped = manifestOf(directory({ a: file(), b: file() }));
  swapped.fileNames.write("ba");
  expect(problemOf(1, sound.payload, { sound })).toBeUndefined();
  expect(problemOf(1, swapped.payload, { sound })).toContain("out of order");
});

test("a reader reads one manifest after another as each is", () => {
  fc.assert(
    fc.property(fc.array(directoryNodes, { maxLength: 4 }), fc.boolean(), (trees, isPrivate) => {
      const files = trees.flatMap((tree) => {
        const encoded = encodeManifest(manifestOf(tree));
        return [encoded, encoded];
      });
      const reader = new ManifestReader(() => undefined, isPrivate);
      for (const encoded of files) {
        const read = reader.decode(encoded, "m");
        if (read.kind !== "read") expect.unreachable();
        expect(treeOf(read.manifest)).toEqual(treeOf(decodeManifest(encoded, "m")));
      }
    }),
    { numRuns: 100 },
  );
});
