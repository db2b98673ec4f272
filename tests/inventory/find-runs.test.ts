import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { findRuns } from "../../src/inventory/find-runs.ts";
import { type FileNode, file } from "../support/listed-tree.ts";
import { manifestOfFiles, similarFiles } from "../support/similar-files.ts";

// The beginnings of two are the same.
const files = similarFiles(
  ["00", "01", "ff"].map((byte) => `${byte === "ff" ? "cd" : "ab"}${"ab".repeat(30)}${byte}`),
);

/** @returns how many files are in runs, all of which are alike */
function countAlike(nodes: readonly FileNode[], earlier: readonly FileNode[]): number {
  const runs = findRuns(manifestOfFiles(nodes), manifestOfFiles(earlier));
  let [previousEnd, alikeCount] = [0, 0];
  for (let run = 0; run < runs.length; run += 3) {
    const [first = -1, from = -1, count = 0] = runs.subarray(run, run + 3);
    expect(first).toBeGreaterThanOrEqual(previousEnd);
    expect(count).toBeGreaterThan(0);
    previousEnd = first + count;
    expect(nodes.slice(first, previousEnd)).toEqual(earlier.slice(from, from + count));
    alikeCount += count;
  }
  expect(previousEnd).toBeLessThanOrEqual(nodes.length);
  return alikeCount;
}

test("files in runs are the same in all that matters", () => {
  const trees = fc.array(files, { maxLength: 90 });
  fc.assert(
    fc.property(trees, trees, fc.array(files, { maxLength: 200 }), (nodes, others, common) => {
      countAlike([...nodes, ...common], [...others, ...common]);
      expect(countAlike([...common, ...nodes], [...common, ...others])).toBeGreaterThanOrEqual(common.length);
    }),
  );
});

function distinctFiles(first: number, count: number): FileNode[] {
  return Array.from({ length: count }, (_, index) => {
    return file({ digest: (first + index).toString(16).padStart(64, "0"), size: 1 });
  });
}

test("it recovers after many files were added or removed", () => {
  const [start, added, end] = [
    distinctFiles(0, 1000),
    distinctFiles(100_000, 700),
    distinctFiles(1000, 9000),
  ];
  expect(countAlike([...start, ...end], [...start, ...end])).toBe(10_000);
  expect(countAlike([...start, ...added, ...end], [...start, ...end])).toBeGreaterThan(9000);
  expect(countAlike([...start, ...end], [...start, ...added, ...end])).toBeGreaterThan(9000);
  expect(countAlike(distinctFiles(200_000, 3000), [...start, ...end])).toBe(0);
});

test("a single file that differs ends one run and begins the next", () => {
  const nodes = distinctFiles(0, 5000);
  for (const changed of [0, 1, 63, 64, 65, 4097, 4999]) {
    const others = nodes.with(changed, file({ digest: "ff".repeat(32) }));
    expect(countAlike(nodes, others)).toBe(4999);
  }
});

test("with the same contents and other times, nothing is alike", () => {
  const nodes = distinctFiles(0, 5000);
  const later = nodes.map((node) => ({ ...node, mtime: { seconds: 7, nanoseconds: 0 } }));
  expect(countAlike(later, nodes)).toBe(0);
  expect(countAlike([], nodes) + countAlike(nodes, [])).toBe(0);
});
