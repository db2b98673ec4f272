import { expect, test } from "bun:test";
import type { ByteString } from "../../src/base/byte-string.ts";
import { isBtdtError } from "../../src/base/errors.ts";
import type { FurtherNames } from "../../src/read/inode-groups.ts";
import { recordLinks } from "../../src/store/record-links.ts";
import { catchError } from "../support/catch-error.ts";
import { linksOf, manifestOf } from "../support/listed-manifest.ts";
import { directory, file } from "../support/listed-tree.ts";

const SOURCE = "tree" as ByteString;
const manifest = manifestOf(directory({ a: file(), b: file(), c: file(), d: file(), e: file({ size: 2 }) }));

function namesOf(...names: (readonly [file: number, target: number, linkCount: number])[]): FurtherNames {
  return {
    files: Uint32Array.from(names, ([further]) => further),
    targets: Uint32Array.from(names, ([, target]) => target),
    linkCounts: Uint32Array.from(names, ([, , linkCount]) => linkCount),
  };
}

test("an inode with all its names in the tree is recorded, others are not", () => {
  const names = namesOf([1, 0, 3], [3, 0, 3]);
  expect(linksOf(recordLinks(manifest, SOURCE, names))).toEqual([
    ["b", "a"],
    ["d", "a"],
  ]);
  expect(recordLinks(manifest, SOURCE, namesOf([1, 0, 3], [3, 2, 2])).linkFiles).toEqual(Uint32Array.of(3));
  expect(recordLinks(manifest, SOURCE, namesOf([1, 0, 3]))).toBe(manifest);
  expect(recordLinks(manifest, SOURCE, namesOf())).toBe(manifest);
});

test("an inode that got a name while it was read is not recorded in part", () => {
  expect(recordLinks(manifest, SOURCE, namesOf([1, 0, 3], [2, 0, 4]))).toBe(manifest);
});

test("names of one inode with different contents: it was changed while it was read", () => {
  const error = catchError(() => recordLinks(manifest, SOURCE, namesOf([4, 0, 2])));
  expect(isBtdtError(error, "SOURCE_CHANGED")).toBe(true);
  expect(String(error)).toContain("tree/e changed while it was being read");
  // Whatever the names of an inode that is not recorded have, they are stored as they were read.
  expect(recordLinks(manifest, SOURCE, namesOf([4, 0, 3]))).toBe(manifest);
});
