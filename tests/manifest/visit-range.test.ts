import { expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  cutRanges,
  type DirectoryRange,
  directoryRanges,
  restOfRange,
} from "../../src/manifest/directory-ranges.ts";
import { visitRange } from "../../src/manifest/visit-range.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory, directoryNodes, file, type ListedNode } from "../support/listed-tree.ts";

function files(count: number): Record<string, ListedNode> {
  return Object.fromEntries(Array.from({ length: count }, (_, number) => [`${number}`, file()]));
}

test("however often a visit stops, each file and symlink is visited once, in its directory and in order", () => {
  fc.assert(
    fc.property(directoryNodes, fc.array(fc.boolean(), { minLength: 1 }), (tree, stops) => {
      const manifest = manifestOf(tree);
      const { directoryCount, fileCount, symlinkCount } = manifest.counts;
      const files: number[] = [];
      const symlinks: number[] = [];
      const entered = new Set<number>();
      let current = -1;
      let asked = 0;
      const visitor = {
        enterDirectory(directory: number): boolean {
          current = directory;
          entered.add(directory);
          return true;
        },
        visitFile(directory: number, file: number): void {
          expect([directory, current]).toEqual([manifest.directoryOfFile(file), directory]);
          files.push(file);
        },
        visitSymlink(directory: number, symlink: number): void {
          expect(directory).toBe(current);
          symlinks.push(symlink);
        },
      };
      const hasEnough = (): boolean => stops[asked++ % stops.length] ?? false;
      const ranges: DirectoryRange[] = [{ firstDirectory: 0, firstLeaf: 0, endDirectory: directoryCount }];
      for (let range = ranges.shift(); range !== undefined; range = ranges.shift()) {
        ranges.unshift(...restOfRange(range, visitRange(manifest, range, visitor, hasEnough)));
      }
      expect(files).toEqual([...Array.from({ length: fileCount }).keys()]);
      expect(symlinks).toEqual([...Array.from({ length: symlinkCount }).keys()]);
      expect(entered.size).toBe(directoryCount);
    }),
    { numRuns: 100 },
  );
});

test("on a slow volume, threads share a large directory, and each file is visited once", () => {
  const manifest = manifestOf(
    directory({ a: directory(files(3)), b: directory(files(2000)), c: directory(files(20)) }),
  );
  for (const isVolumeSlow of [true, false]) {
    const threads = { parallelism: 8, isVolumeSlow };
    const whole = directoryRanges(manifest, threads);
    const ranges = cutRanges(manifest, whole, threads);
    if (isVolumeSlow) expect(ranges.length).toBeGreaterThan(whole.length + 8);
    else expect(ranges).toEqual(whole);
    const visited: number[] = [];
    let asked = 0;
    while (ranges.length > 0) {
      const range = ranges.pop() as DirectoryRange;
      const visitor = {
        enterDirectory: () => true,
        visitFile: (_directory: number, file: number) => visited.push(file),
        visitSymlink: () => undefined,
      };
      // Some return early.
      ranges.push(
        ...restOfRange(
          range,
          visitRange(manifest, range, visitor, () => asked++ % 3 === 2),
        ),
      );
    }
    const all = visited.toSorted((left, right) => left - right);
    expect(all).toEqual([...Array.from({ length: manifest.counts.fileCount }).keys()]);
  }
});

test("who is asked whether it is enough knows whether directories could be divided", () => {
  const manifest = manifestOf(directory({ a: directory() }));
  const visitor = { enterDirectory: () => true, visitFile: () => undefined, visitSymlink: () => undefined };
  const told: boolean[] = [];
  const range = { firstDirectory: 0, firstLeaf: 0, endDirectory: 2 };
  visitRange(manifest, range, visitor, (isDivisible) => {
    told.push(isDivisible);
    return false;
  });
  expect(told).toEqual([true, false]);
});

test("a directory that is not entered is skipped", () => {
  fc.assert(
    fc.property(directoryNodes, (tree) => {
      const manifest = manifestOf(tree);
      const fail = (): never => {
        throw new Error("visited");
      };
      const visitor = { enterDirectory: () => false, visitFile: fail, visitSymlink: fail };
      const range = { firstDirectory: 0, firstLeaf: 0, endDirectory: manifest.counts.directoryCount };
      expect(
        restOfRange(
          range,
          visitRange(manifest, range, visitor, () => false),
        ),
      ).toEqual([]);
    }),
    { numRuns: 20 },
  );
});
