import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { DIGEST_SIZE_BYTES } from "../../src/base/digest.ts";
import { BtdtError } from "../../src/base/errors.ts";
import type { Digester } from "../../src/read/digester.ts";
import type { FileColumns } from "../../src/read/file-columns.ts";
import { type FileGroup, sliceGroups } from "../../src/read/file-groups.ts";
import { IgnoreRules } from "../../src/read/ignore-rules.ts";
import { joinNames, nameBytesOf, splitNames } from "../../src/read/name-list.ts";
import { readTree } from "../../src/read/read-tree.ts";
import { createPause } from "../../src/work/breather.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const FILES_IN_DIRECTORY = 7;

function namesOf(groups: readonly FileGroup[]): string[] {
  return groups.flatMap(({ directory, names }) => splitNames(names).map((name) => `${directory}/${name}`));
}

/** Reads so many files of each batch as it is told, the last number again and again; a file's name is its digest. */
function stoppingDigester(batchFiles: number, readCounts: readonly number[]): Digester {
  let call = 0;
  return {
    batchFiles,
    slowBatchFiles: batchFiles,
    async digestBatch(_runner, { groups }): Promise<FileColumns> {
      const paths = namesOf(groups).slice(0, readCounts[Math.min(call, readCounts.length - 1)]);
      call += 1;
      const digests = new Uint8Array(paths.length * DIGEST_SIZE_BYTES);
      for (const [index, path] of paths.entries()) digests.set(Buffer.from(path), index * DIGEST_SIZE_BYTES);
      return {
        sizes: new Float64Array(paths.length).fill(1),
        mtimeSeconds: new Float64Array(paths.length),
        mtimeNanoseconds: new Uint32Array(paths.length),
        modes: new Uint16Array(paths.length),
        digests,
        large: [],
        attributed: [],
        inodeRows: new Uint32Array(0),
        failures: [],
      };
    },
    digestLargeFile: () => Promise.reject(new Error("unreachable")),
  };
}

async function read(digester: Digester): Promise<[string, string][]> {
  const runner = new InlineRunner({ isCancelled: () => false });
  const manifest = await readTree(
    bytesFromText(scratch.path("tree")),
    { ignoreRules: new IgnoreRules([], false), onWarning: () => undefined, pause: createPause(() => false) },
    { inline: runner, pool: runner },
    digester,
  );
  return Array.from({ length: manifest.counts.fileCount }, (_, index) => {
    const digest = manifest.fileDigests.subarray(index * DIGEST_SIZE_BYTES, (index + 1) * DIGEST_SIZE_BYTES);
    return [manifest.filePath(index), Buffer.from(digest).toString().replaceAll("\0", "")];
  });
}

test("every file gets its own digest, wherever a job has had enough", async () => {
  const names = Array.from({ length: FILES_IN_DIRECTORY }, (_, index) => `f${index}`);
  const subtree = dir(Object.fromEntries(names.map((name): [string, TreeNode] => [name, file(name)])));
  makeTree(scratch.path("tree"), dir({ a: subtree, b: subtree, c: subtree, d: subtree }));
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      async (batchFiles, readCounts) => {
        const files = await read(stoppingDigester(batchFiles, readCounts));
        expect(files).toHaveLength(4 * FILES_IN_DIRECTORY);
        for (const [path, digest] of files) expect(digest).toBe(path);
      },
    ),
    { numRuns: 200 },
  );
});

test("a job that reads nothing was cancelled", async () => {
  makeTree(scratch.path("tree"), dir({ a: file("a"), b: file("b") }));
  const error: unknown = await read(stoppingDigester(2, [1, 0])).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "CANCELLED" });
});

test("the failure that stopped others is reported, not that they were stopped", async () => {
  const names = Array.from({ length: 60 }, (_, index) => `d${index}`);
  const pair = dir({ a: file("a"), b: file("b") });
  makeTree(
    scratch.path("tree"),
    dir(Object.fromEntries(names.map((name): [string, TreeNode] => [name, pair]))),
  );
  const stopped = Promise.withResolvers<void>();
  const whole = stoppingDigester(2, [2]);
  let call = 0;
  const digester: Digester = {
    ...whole,
    async digestBatch(runner, batch) {
      call += 1;
      if (call === 2) {
        stopped.resolve();
        throw new BtdtError("SOURCE_UNREADABLE", "unreadable on purpose");
      }
      if (call !== 1) return await whole.digestBatch(runner, batch);
      // The first batch stops because the second has failed, while the walk goes on.
      await stopped.promise;
      return await stoppingDigester(2, [0]).digestBatch(runner, batch);
    },
  };
  const error: unknown = await read(digester).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "SOURCE_UNREADABLE" });
});

test("groups of files can be cut anywhere", () => {
  const group = fc.record({
    directory: fc.string().map(bytesFromText),
    names: fc.array(fc.string().map(bytesFromText), { minLength: 1, maxLength: 6 }).map(joinNames),
  });
  fc.assert(
    fc.property(fc.array(group, { maxLength: 6 }), fc.nat(40), fc.nat(40), (groups, one, other) => {
      const [start, end] = [Math.min(one, other), Math.max(one, other)];
      const part = sliceGroups(groups, start, end);
      expect(namesOf(part)).toEqual(namesOf(groups).slice(start, end));
      expect(part.every(({ names }) => names.count > 0)).toBe(true);
    }),
  );
});

test("names are joined and split, also none and an empty one", () => {
  fc.assert(
    fc.property(fc.array(fc.string().map(bytesFromText)), (names) => {
      const list = joinNames(names);
      expect(list.count).toBe(names.length);
      expect(splitNames(list)).toEqual(names);
      expect(nameBytesOf(list)).toBe(names.join("").length);
    }),
  );
});
