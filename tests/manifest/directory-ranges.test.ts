import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { ByteString } from "../../src/base/byte-string.ts";
import { directoryRanges } from "../../src/manifest/directory-ranges.ts";
import { markEditedPaths } from "../../src/manifest/mark-edited-paths.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory, directoryNodes, file, type ListedNode } from "../support/listed-tree.ts";

test("ranges cover each directory once, in runs", () => {
  const counts = fc.array(fc.nat({ max: 3000 }), { maxLength: 30 });
  const threads = fc.record({ parallelism: fc.integer({ min: 1, max: 64 }), isVolumeSlow: fc.boolean() });
  fc.assert(
    fc.property(counts, threads, (fileCounts, working) => {
      const children: Record<string, ListedNode> = {};
      for (const [index, count] of fileCounts.entries()) {
        const files: Record<string, ListedNode> = {};
        for (let number = 0; number < count; number++) files[`${number}`] = file();
        children[`d${index}`] = directory(files);
      }
      const manifest = manifestOf(directory(children));
      const ranges = directoryRanges(manifest, working);
      const covered = ranges
        .toSorted((left, right) => left.firstDirectory - right.firstDirectory)
        .flatMap(({ firstDirectory, endDirectory }) => {
          expect(endDirectory).toBeGreaterThan(firstDirectory);
          return Array.from({ length: endDirectory - firstDirectory }, (_, index) => firstDirectory + index);
        });
      expect(covered).toEqual(Array.from({ length: manifest.counts.directoryCount }, (_, index) => index));
    }),
    { numRuns: 30 },
  );
});

test("an empty tree is one range", () => {
  expect(directoryRanges(manifestOf(directory()), { parallelism: 2, isVolumeSlow: false })).toHaveLength(1);
});

test("edited paths mark the files of that path and no others", () => {
  fc.assert(
    fc.property(directoryNodes, fc.array(fc.nat()), (tree, picks) => {
      const manifest = manifestOf(tree);
      const paths = Array.from({ length: manifest.counts.fileCount }, (_, index) => manifest.filePath(index));
      const edited = new Set<ByteString>(["no/such/file" as ByteString, "" as ByteString]);
      for (const pick of picks) {
        const path = paths[pick % Math.max(1, paths.length)];
        if (path !== undefined) edited.add(path);
      }
      expect([...markEditedPaths(manifest, edited)]).toEqual(paths.map((path) => (edited.has(path) ? 1 : 0)));
    }),
    { numRuns: 200 },
  );
  expect([...markEditedPaths(manifestOf(file()), new Set(["" as ByteString]))]).toEqual([1]);
});
