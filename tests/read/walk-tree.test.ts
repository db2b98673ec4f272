import { describe, expect, test } from "bun:test";
import { chmodSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { type ByteString, bytesFromText, fsPath, textFromBytes } from "../../src/base/byte-string.ts";
import { emptyStatus, lstat } from "../../src/fs/native/file-status.ts";
import { IgnoreRules } from "../../src/read/ignore-rules.ts";
import { readSingleFile } from "../../src/read/read-single-file.ts";
import { readTree } from "../../src/read/read-tree.ts";
import type { SourceFailure } from "../../src/read/source-failure.ts";
import { treeDigest } from "../../src/read/tree-digest.ts";
import { type WalkedDirectory, type WalkOptions, walkTree } from "../../src/read/walk-tree.ts";
import { createPause } from "../../src/work/breather.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import { manifestOf, treeOf } from "../support/listed-manifest.ts";
import { type DirectoryNode, directoryNodes, type ListedNode } from "../support/listed-tree.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const inline = new InlineRunner({ isCancelled: () => false });
const runners = { inline, pool: inline };

function options(onWarning: (warning: string) => void = () => undefined): WalkOptions {
  return { ignoreRules: new IgnoreRules([], false), onWarning };
}

/** Small contents, because the digests of a literal cannot be had: a file's size stands for it. */
function make(path: ByteString, node: ListedNode): void {
  switch (node.kind) {
    case "file":
      writeFileSync(fsPath(path), Buffer.alloc(node.size % 100, node.digest));
      break;
    case "symlink":
      symlinkSync(Buffer.from(node.target, "latin1"), fsPath(path));
      break;
    case "directory":
      mkdirSync(fsPath(path));
      for (const [name, child] of node.children) make(`${path}/${name}` as ByteString, child);
      break;
  }
}

function made(tree: DirectoryNode): ByteString {
  const path = bytesFromText(scratch.fresh());
  make(path, tree);
  return path;
}

function refuse({ message }: SourceFailure): void {
  throw new Error(message);
}

const sortedByBytes = (list: readonly ByteString[]): ByteString[] =>
  list.toSorted((left, right) => Buffer.compare(Buffer.from(left, "latin1"), Buffer.from(right, "latin1")));

function listDirectories(walk: Iterable<WalkedDirectory | undefined>): WalkedDirectory[] {
  return [...walk].filter((directory) => directory !== undefined);
}

const pause = createPause(() => false);

describe("a walk", () => {
  test("can be stopped within a large directory", () => {
    const root = scratch.freshDirectory();
    for (let index = 0; index < 40; index++) symlinkSync("x", join(root, `s${index}`));
    const steps = [...walkTree(bytesFromText(root), options(), refuse)];
    expect(steps.map((directory) => directory?.symlinks.length)).toEqual([undefined, undefined, 40]);
  });

  test("lists each directory before its contents, siblings by name bytes, each once", () => {
    fc.assert(
      fc.property(directoryNodes, (tree) => {
        const walked = listDirectories(walkTree(made(tree), options(), refuse));
        expect(walked[0]?.path).toBe("" as ByteString);
        const lastChild = new Map<number, ByteString>();
        for (const [index, directory] of walked.entries()) {
          expect(directory.files).toEqual(sortedByBytes(directory.files));
          const links = directory.symlinks.map((symlink) => symlink.name);
          expect(links).toEqual(sortedByBytes(links));
          if (index === 0) continue;
          expect(directory.parent).toBeLessThan(index);
          const parentPath = walked[directory.parent]?.path;
          const path = parentPath === "" ? directory.name : `${parentPath}/${directory.name}`;
          expect(directory.path).toBe(path as ByteString);
          const previous = lastChild.get(directory.parent);
          if (previous !== undefined) expect(sortedByBytes([directory.name, previous])[0]).toBe(previous);
          lastChild.set(directory.parent, directory.name);
        }
        const names = walked.flatMap(({ path, files, symlinks }) =>
          [...files, ...symlinks.map((symlink) => symlink.name), "."].map((name) => `${path}/${name}`),
        );
        expect(new Set(names).size).toBe(names.length);
      }),
      { numRuns: 60 },
    );
  });

  test("it reads exactly what exists: names of any bytes, modes, times, symlink targets", async () => {
    const expected = (path: ByteString, node: ListedNode): ListedNode => {
      const status = lstat(path) ?? emptyStatus();
      const mtime = { seconds: status.mtimeSeconds, nanoseconds: status.mtimeNanoseconds };
      switch (node.kind) {
        case "symlink":
          return { ...node, mtime };
        case "file": {
          const digest = new Bun.SHA256().update(Buffer.alloc(node.size % 100, node.digest)).digest("hex");
          return { kind: "file", mode: status.mode, mtime, size: node.size % 100, digest };
        }
        case "directory": {
          const children = new Map<string, ListedNode>();
          for (const [name, child] of node.children) {
            children.set(name, expected(`${path}/${name}` as ByteString, child));
          }
          return { kind: "directory", mode: status.mode, mtime, children };
        }
      }
    };
    await fc.assert(
      fc.asyncProperty(directoryNodes, async (tree) => {
        const path = made(tree);
        const manifest = await readTree(path, { ...options(), pause }, runners);
        const wanted = expected(path, tree);
        if (wanted.kind !== "directory") throw new Error("unreachable");
        expect(treeOf(manifest)).toEqual(wanted);
        expect(Buffer.compare(manifest.payload, manifestOf(wanted).payload)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test("names what it leaves out, and does not follow symlinks", () => {
    const root = scratch.freshDirectory();
    mkdirSync(join(root, "sub"));
    Bun.spawnSync(["mkfifo", join(root, "sub", "pipe\n")]);
    symlinkSync(root, join(root, "loop"));
    const warnings: string[] = [];
    const walked = listDirectories(
      walkTree(
        bytesFromText(root),
        options((warning) => warnings.push(warning)),
        refuse,
      ),
    );
    expect(walked.map(({ path }) => textFromBytes(path))).toEqual(["", "sub"]);
    expect(warnings).toEqual([`skipped ${root}/sub/pipe\\n: it is a socket, pipe or device`]);
  });

  test("skips the directory that it is told to skip, wherever it is", () => {
    const root = scratch.freshDirectory();
    mkdirSync(join(root, "a", "cache", "below"), { recursive: true });
    const warnings: string[] = [];
    const excludedDirectory = lstat(bytesFromText(join(root, "a", "cache")));
    const skipping = { ...options((warning) => warnings.push(warning)), excludedDirectory };
    const walk = walkTree(bytesFromText(root), skipping, refuse);
    expect(listDirectories(walk).map(({ path }) => textFromBytes(path))).toEqual(["", "a"]);
    expect(warnings).toEqual([`skipped ${root}/a/cache: it is the cache itself`]);
  });

  test("a directory that disappears is a failure that names it, and the walk goes on", () => {
    const root = scratch.freshDirectory();
    for (const name of ["a", "b"]) mkdirSync(join(root, name, "sub"), { recursive: true });
    const failures: SourceFailure[] = [];
    const walk = walkTree(bytesFromText(root), options(), (failure) => failures.push(failure));
    walk.next();
    rmSync(join(root, "a"), { recursive: true });
    const rest = listDirectories(walk);
    expect(failures).toEqual([
      { path: "a" as ByteString, code: "SOURCE_CHANGED", message: expect.stringContaining(`${root}/a`) },
    ]);
    // Numbers of parents count only directories that are listed.
    expect(rest.map(({ path, parent }) => [path, parent])).toEqual([
      ["b" as ByteString, 0],
      ["b/sub" as ByteString, 1],
    ]);
  });

  test("a root that disappears is an error", () => {
    const root = scratch.fresh();
    const walk = walkTree(bytesFromText(root), options(), refuse);
    expect(() => walk.next()).toThrow(expect.objectContaining({ code: "SOURCE_CHANGED" }));
  });
});

describe("the digest of a tree", () => {
  test("does not depend on modes and times", async () => {
    const root = scratch.freshDirectory();
    writeFileSync(join(root, "f"), "x");
    mkdirSync(join(root, "d"));
    const digest = async (): Promise<Uint8Array> =>
      treeDigest(await readTree(bytesFromText(root), { ...options(), pause }, runners));
    const before = await digest();
    chmodSync(join(root, "f"), 0o755);
    chmodSync(join(root, "d"), 0o700);
    Bun.spawnSync(["touch", "-d", "@5", join(root, "f"), join(root, "d"), root]);
    expect(lstatSync(join(root, "f")).mtimeMs).toBe(5000);
    expect(await digest()).toEqual(before);
  });

  test("distinguishes trees by names, kinds and contents", () => {
    const withoutAttributes = (node: ListedNode): unknown => {
      switch (node.kind) {
        case "file":
          return ["f", node.digest];
        case "symlink":
          return ["l", node.target];
        case "directory": {
          const children = [...node.children].toSorted(([left], [right]) => (left < right ? -1 : 1));
          return ["d", children.map(([name, child]) => [name, withoutAttributes(child)])];
        }
      }
    };
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(directoryNodes, (tree) => {
        const digest = Buffer.from(treeDigest(manifestOf(tree))).toString("hex");
        const shape = JSON.stringify(withoutAttributes(tree));
        expect(seen.get(digest) ?? shape).toBe(shape);
        seen.set(digest, shape);
      }),
      { numRuns: 400 },
    );
    expect(new Set(seen.values()).size).toBe(seen.size);
  });

  test("of a single file is the file's", async () => {
    const path = scratch.fresh();
    writeFileSync(path, "abc");
    const manifest = await readSingleFile(bytesFromText(path), runners);
    expect(Buffer.from(treeDigest(manifest)).toString("hex")).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });
});
