import { expect, test } from "bun:test";
import { type ByteString, bytesFromText } from "../../src/base/byte-string.ts";
import { isBtdtError } from "../../src/base/errors.ts";
import type { FurtherNames } from "../../src/read/inode-groups.ts";
import { Sharing } from "../../src/sharing/classify-files.ts";
import { type LinkedSource, recordLinks } from "../../src/store/record-links.ts";
import { catchError } from "../support/catch-error.ts";
import { linksOf, manifestOf } from "../support/listed-manifest.ts";
import { directory, file } from "../support/listed-tree.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

const manifest = manifestOf(directory({ a: file(), b: file(), c: file(), d: file(), e: file({ size: 2 }) }));

function namesOf(...names: (readonly [file: number, target: number, linkCount: number])[]): FurtherNames {
  return {
    files: Uint32Array.from(names, ([further]) => further),
    targets: Uint32Array.from(names, ([, target]) => target),
    linkCounts: Uint32Array.from(names, ([, , linkCount]) => linkCount),
  };
}

function sourceOf(sharing: number): LinkedSource {
  return {
    path: "tree" as ByteString,
    objects: bytesFromText(scratch.path("objects")),
    classify: ({ counts }) => new Uint8Array(counts.fileCount).fill(sharing),
  };
}

test("of build state, an inode with names elsewhere is recorded, too", () => {
  for (const sharing of [Sharing.OWN, Sharing.EXCLUSIVE]) {
    const recorded = recordLinks(manifest, sourceOf(sharing), namesOf([1, 0, 3], [3, 2, 2]));
    expect(linksOf(recorded)).toEqual([
      ["b", "a"],
      ["d", "c"],
    ]);
  }
});

test("of package contents, an inode with all its names in the tree is recorded, others are not", () => {
  const names = namesOf([1, 0, 3], [3, 0, 3]);
  expect(linksOf(recordLinks(manifest, sourceOf(Sharing.SHARED), names))).toEqual([
    ["b", "a"],
    ["d", "a"],
  ]);
  expect(recordLinks(manifest, sourceOf(Sharing.SHARED), namesOf([1, 0, 3], [3, 2, 2])).linkFiles).toEqual(
    Uint32Array.of(3),
  );
  expect(recordLinks(manifest, sourceOf(Sharing.SHARED), namesOf([1, 0, 3]))).toBe(manifest);
  expect(recordLinks(manifest, sourceOf(Sharing.SHARED), namesOf())).toBe(manifest);
});

test("an inode that got a name while it was read is not recorded in part", () => {
  expect(recordLinks(manifest, sourceOf(Sharing.SHARED), namesOf([1, 0, 3], [2, 0, 4]))).toBe(manifest);
});

test("names of one inode with different contents: it was changed while it was read", () => {
  const error = catchError(() => recordLinks(manifest, sourceOf(Sharing.SHARED), namesOf([4, 0, 2])));
  expect(isBtdtError(error, "SOURCE_CHANGED")).toBe(true);
  expect(String(error)).toContain("tree/e changed while it was being read");
  // Whatever the names of an inode that is not recorded have, they are stored as they were read.
  expect(recordLinks(manifest, sourceOf(Sharing.SHARED), namesOf([4, 0, 3]))).toBe(manifest);
});
