import { expect } from "bun:test";
import {
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** How to run btdt in some world: the arguments in, what came of it out. */
export type RunBtdt = (...args: string[]) => { exitCode: number; stdout: string; stderr: string };

/**
 * hash, store, restore and clean, with files of every kind and enough of them, and one large enough, that
 * worker threads take part. `volume` is a writable directory, which btdt knows as `inside`.
 */
export function checkFourCommands(run: RunBtdt, volume: string, inside: string, owner?: number): void {
  makeTree(join(volume, "source"));
  mkdirSync(join(volume, "cache"));
  if (owner !== undefined) chownTree(volume, owner);

  const lockFile = join(inside, "source", "package-lock.json");
  const hash = run("hash", lockFile);
  expect(hash).toMatchObject({ exitCode: 0 });
  expect(hash.stdout).toMatch(/^[0-9a-f]{64}\n$/);
  const key = `modules-${hash.stdout.trim()}`;

  const cache = ["--cache", join(inside, "cache")];
  const target = (name: string) => join(inside, name);
  expect(run("restore", ...cache, "--keys", key, target("first"))).toMatchObject({ exitCode: 4, stdout: "" });
  expect(run("store", ...cache, "--keys", key, target("source"))).toMatchObject({ exitCode: 0 });
  const restored = { exitCode: 0, stdout: `Restored key ${key}\n` };
  expect(run("restore", ...cache, "--keys", key, target("first"))).toMatchObject(restored);
  expect(listTree(join(volume, "first"))).toEqual(listTree(join(volume, "source")));
  const fallback = run("restore", ...cache, "--keys", `other,${key}`, target("second"));
  expect(fallback).toMatchObject({ exitCode: 3, stdout: `Restored key ${key}\n` });
  expect(run("clean", ...cache, "--max-age", "7d", "--max-size", "10GiB")).toMatchObject({ exitCode: 0 });
  expect(run("restore", ...cache, "--keys", key, target("third"))).toMatchObject(restored);
  expect(run("clean", ...cache, "--max-size", "1B")).toMatchObject({ exitCode: 0 });
  expect(run("restore", ...cache, "--keys", key, target("fourth"))).toMatchObject({ exitCode: 4 });
}

function makeTree(root: string): void {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "package-lock.json"), '{ "lockfileVersion": 3 }\n');
  for (let directory = 0; directory < 10; directory++) {
    const path = join(root, `package-${directory}`, "lib");
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < 50; file++)
      writeFileSync(
        join(path, `file-${file}.js`),
        `export const value = ${directory * file};\n`.repeat(file),
      );
  }
  // Above the size of one chunk, so that its digest is made of several.
  writeFileSync(join(root, "large.bin"), Buffer.alloc(9 * 1024 * 1024, "btdt"));
  writeFileSync(join(root, "tool"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(root, "ü 字"), "a name in UTF-8");
  symlinkSync("package-1/lib", join(root, "link"));
  mkdirSync(join(root, "empty"));
}

function walk(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
}

function chownTree(root: string, owner: number): void {
  lchownSync(root, owner, owner);
  for (const path of walk(root)) lchownSync(join(root, path), owner, owner);
}

/** One line per file: path, type and permissions, modification time, and content. */
function listTree(root: string): string[] {
  return walk(root).map((path) => {
    const full = join(root, path);
    const status = lstatSync(full, { bigint: true });
    if (status.isSymbolicLink()) return `${path} -> ${readlinkSync(full)}`;
    const content = status.isFile() ? Bun.hash(readFileSync(full)).toString(16) : "directory";
    return `${path} ${status.mode.toString(8)} ${status.mtimeNs} ${content}`;
  });
}
