/** Caches in which something else is where a file or directory of btdt should be. */
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { btdt } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

const COMMANDS = [
  ["restore", "-k", "k", "to"],
  ["export", "-k", "k"],
  ["inspect", "k"],
  ["list"],
  ["list", "--sizes"],
  ["stats"],
  ["store", "-k", "other", "--max-size", "1GiB", "tree"],
  ["clean"],
  ["delete", "k"],
] as const;

/** `name` below `btdt-v1` becomes an empty file. */
const makeFile = (name: string) => (root: string) => {
  rmSync(join(root, name), { recursive: true, force: true });
  writeFileSync(join(root, name), "");
};
/** `name` below `btdt-v1` becomes a directory. */
const makeDirectory = (name: string) => (root: string) => {
  rmSync(join(root, name), { recursive: true, force: true });
  mkdirSync(join(root, name));
};
const manifestOf = (root: string): string => {
  const shard = readdirSync(join(root, "manifests")).find(
    (name) => readdirSync(join(root, "manifests", name)).length > 0,
  );
  return join("manifests", shard ?? "", readdirSync(join(root, "manifests", shard ?? ""))[0] ?? "");
};
/** In the year 287,396: a JavaScript date does not reach that far. */
const FAR_SECONDS = 9_000_000_000_000;

const ODDITIES: Readonly<Record<string, (root: string) => void>> = {
  "edited-paths is a file": makeFile("edited-paths"),
  "restore-counts is a file": makeFile("restore-counts"),
  "objects is a file": makeFile("objects"),
  "a shard of objects is a file": makeFile("objects/0a"),
  "manifests is a file": makeFile("manifests"),
  "keys is a file": makeFile("keys"),
  "packs is a file": makeFile("packs"),
  "sessions is a file": makeFile("sessions"),
  "lock is a directory": makeDirectory("lock"),
  "size is a directory": makeDirectory("size"),
  "format is a directory": makeDirectory("format"),
  "a key is a directory": makeDirectory("keys/k"),
  "a manifest is a directory": (root) => makeDirectory(manifestOf(root))(root),
  "a key was used in a far future": (root) => utimesSync(join(root, "keys", "k"), FAR_SECONDS, FAR_SECONDS),
};

for (const [oddity, make] of Object.entries(ODDITIES)) {
  test(`${oddity}: no command takes that for a bug`, () => {
    const cache = scratch.directory("cache");
    mkdirSync(scratch.path("tree"));
    writeFileSync(scratch.path("tree", "file"), "content");
    btdt(["store", "-c", cache, "-k", "k", "tree"], { cwd: scratch.path() });
    make(join(cache, "btdt-v1"));
    for (const [name, ...rest] of COMMANDS) {
      const { exitCode, stderr } = btdt([name, "-c", cache, ...rest], { cwd: scratch.path() });
      expect({ name, stderr, isBug: stderr.includes("bug in btdt") }).toEqual({ name, stderr, isBug: false });
      expect([0, 1, 4]).toContain(exitCode);
    }
  });
}
