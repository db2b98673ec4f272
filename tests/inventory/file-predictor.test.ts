import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { FilePredictor } from "../../src/inventory/file-predictor.ts";
import { NO_ITEM } from "../../src/inventory/items.ts";
import { type FileNode, file } from "../support/listed-tree.ts";
import { manifestOfFiles, similarFiles } from "../support/similar-files.ts";

const files = similarFiles(["00", "01", "ff"].map((byte) => `${"ab".repeat(31)}${byte}`));

/** Looks at each file as an inventory does. @returns how many were predicted */
function examine(predictor: FilePredictor, nodes: readonly FileNode[], items: Map<string, number>): number {
  let predictedCount = 0;
  predictor.begin(manifestOfFiles(nodes));
  for (const [index, { digest, mode, size, mtime }] of nodes.entries()) {
    const identity = JSON.stringify([digest, mode, size, mtime.seconds, mtime.nanoseconds]);
    const item = items.get(identity) ?? items.size;
    items.set(identity, item);
    const predicted = predictor.find(index);
    if (predicted === NO_ITEM) predictor.note(index, item);
    else {
      expect(predicted).toBe(item);
      predictedCount += 1;
    }
  }
  return predictedCount;
}

test("what is predicted is the object that the file has", () => {
  const trees = fc.array(fc.array(files, { maxLength: 30 }), { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(trees, fc.array(files), (others, common) => {
      const predictor = new FilePredictor();
      const items = new Map<string, number>();
      for (const nodes of others) examine(predictor, [...nodes, ...common], items);
    }),
  );
});

function distinctFiles(first: number, count: number): FileNode[] {
  return Array.from({ length: count }, (_, index) => {
    return file({ digest: (first + index).toString(16).padStart(64, "0"), size: 1 });
  });
}

test("it recovers after many files were added or removed, and after a different tree", () => {
  const predictor = new FilePredictor();
  const items = new Map<string, number>();
  const [start, end] = [distinctFiles(0, 1000), distinctFiles(1000, 9000)];
  expect(examine(predictor, [...start, ...end], items)).toBe(0);
  expect(examine(predictor, [...start, ...end], items)).toBe(10_000);
  const added = distinctFiles(100_000, 700);
  expect(examine(predictor, [...start, ...added, ...end], items)).toBeGreaterThan(9000);
  expect(examine(predictor, [...start, ...end], items)).toBeGreaterThan(9000);
  expect(examine(predictor, distinctFiles(200_000, 3000), items)).toBe(0);
  expect(examine(predictor, [...start, ...end], items)).toBe(0);
  expect(examine(predictor, [...start, ...end], items)).toBe(10_000);
});
