import { expect, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { type ByteString, bytesFromText } from "../../src/base/byte-string.ts";
import { lstat } from "../../src/fs/native/file-status.ts";
import { IgnoreRules } from "../../src/read/ignore-rules.ts";
import { listAhead, listDirectoriesJob } from "../../src/read/list-ahead.ts";
import { type WalkOptions, walkTree } from "../../src/read/walk-tree.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import type { Job, Runner } from "../../src/work/job.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const context = { isCancelled: () => false, isOverdue: () => false, mayTakeLong: false };
const inline = new InlineRunner(context);
const runners = { inline, pool: inline };

interface Branch {
  readonly [name: string]: Branch | string;
}

const NAMES = ["a", "b", "c", "\u00e9", "link", ".btdtignore"];
const branches: fc.Arbitrary<Branch> = fc.letrec<{ branch: Branch }>((tie) => ({
  branch: fc.dictionary(
    fc.constantFrom(...NAMES),
    fc.oneof({ depthSize: "small" }, fc.constantFrom("a", "a/b", "/c\n!a", "*\n!b/"), tie("branch")),
    { maxKeys: 5 },
  ),
})).branch;

/** Texts are files, or, with the name `link`, symlinks. */
function make(path: string, branch: Branch): void {
  mkdirSync(path);
  for (const [name, child] of Object.entries(branch)) {
    if (typeof child !== "string") make(join(path, name), child);
    else if (name === "link") symlinkSync(child, join(path, name));
    else writeFileSync(join(path, name), child);
  }
}

/** What a walk finds and says. */
function walk(root: ByteString, options: Omit<WalkOptions, "onWarning">): unknown[] {
  const warnings: string[] = [];
  const failed: string[] = [];
  const steps = walkTree(root, { ...options, onWarning: (warning) => warnings.push(warning) }, ({ path }) =>
    failed.push(path),
  );
  return [[...steps], warnings, failed];
}

const excludes = fc.constantFrom<string[]>([], ["b"], ["/a/", "c"]);

test("a walk finds the same, whatever was listed ahead, and nothing excluded was entered", async () => {
  await fc.assert(
    fc.asyncProperty(branches, excludes, fc.boolean(), async (branch, patterns, reads) => {
      const path = scratch.fresh();
      make(path, branch);
      const root = bytesFromText(path);
      const optionsWith = () => ({
        ignoreRules: new IgnoreRules(patterns, reads),
        skipped: new Set(["a/c" as ByteString]),
        excludedDirectory: lstat(bytesFromText(join(path, "b"))),
      });
      const ahead = await listAhead(root, { ...optionsWith(), onWarning: () => undefined }, runners);
      const walked = walk(root, { ...optionsWith(), ahead });
      expect(walked).toEqual(walk(root, optionsWith()));
      const [steps] = walked as [({ path: ByteString } | undefined)[]];
      const entered = steps.flatMap((step) => step?.path ?? []);
      // The cache itself is listed, but what is in it is not.
      const others = [...ahead.keys()].filter((each) => each !== "b");
      expect(others.toSorted()).toEqual(entered.toSorted());
      rmSync(path, { recursive: true });
    }),
    { numRuns: 100 },
  );
});

test("jobs that are overdue leave the rest to others, and what they do not get to is read by the walk", async () => {
  const path = scratch.fresh();
  make(path, { a: { b: {}, link: "x" }, b: { link: "y" }, c: { a: { link: "z" } } });
  const root = bytesFromText(path);
  const options = { ignoreRules: new IgnoreRules([], false) };
  const overdue = { ...context, isOverdue: () => true };
  let jobCount = 0;
  const impatient: Runner = Object.assign(new InlineRunner(overdue), {
    parallelism: 1,
    run: async <Input, Output>(job: Job<Input, Output>, input: Input) => {
      jobCount += 1;
      return job.run(input, overdue);
    },
  });
  const ahead = await listAhead(
    root,
    { ...options, onWarning: () => undefined },
    { inline: impatient, pool: impatient },
  );
  expect(jobCount).toBe(6);
  expect([...ahead.values()].map(({ symlinks }) => symlinks?.size)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(walk(root, { ...options, ahead })).toEqual(walk(root, options));
});

test("what cannot be read ahead is left to the walk; a cancelled job fails", () => {
  const path = scratch.fresh();
  make(path, { a: "file" });
  const input = { root: bytesFromText(path), paths: ["a", "b", ""] as ByteString[] };
  expect(listDirectoriesJob.run(input, context).map((each) => each?.names)).toEqual([
    undefined,
    undefined,
    ["a" as ByteString],
  ]);
  const cancelled = { ...context, isCancelled: () => true };
  expect(() => listDirectoriesJob.run(input, cancelled)).toThrow(
    expect.objectContaining({ code: "CANCELLED" }),
  );
});
