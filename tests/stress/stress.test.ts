import { afterEach, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { makeTree } from "../support/tree.ts";
import type { Ended } from "./btdt-process.ts";
import { sampleTree } from "./sample-tree.ts";
import { stress } from "./stress.ts";
import { World } from "./world.ts";

const DURATION_MS = 60_000;

test("dozens of processes, killed, stopped and asked to end: each tree is right, nothing sound is lost, nothing is left", async () => {
  const seed = crypto.randomUUID().slice(0, 8);
  const { violations, counts } = await stress(seed, DURATION_MS);
  expect({ again: `npm run stress -- --minutes 1 --seed ${seed}`, violations }).toMatchObject({
    violations: [],
  });
  for (const what of ["store", "restore", "SIGKILL", "pause", "restore ended with 0", "alterations"])
    expect(counts.get(what) ?? 0).toBeGreaterThan(0);
}, 600_000);

/** A world in which a tree was stored and restored, according to the record. */
function restored(): { readonly world: World; readonly path: string; readonly ended: Ended } {
  const world = new World();
  worlds.push(world);
  const key = "edited-1";
  const store = world.ledger.begin(key, 1);
  store.end(true, 2);
  const path = join(world.root, "to");
  makeTree(path, sampleTree({ key, version: store.version, part: 0 }));
  const ended = { words: [], exitCode: 0, stdout: "", stderr: "", wasSignalled: false, isHung: false };
  return { world, path, ended: { ...ended, begunMs: performance.now(), endedMs: performance.now() } };
}

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.remove();
});

const WRONG: Readonly<Record<string, (path: string) => void>> = {
  "another content": (path) => writeOver(join(path, "d0", "f0")),
  "another time": (path) => utimesSync(join(path, "d0", "f1"), 1, 1),
  "another mode": (path) => chmodSync(join(path, "d0"), 0o711),
  "a missing file": (path) => rmSync(join(path, "empty")),
  "a file too much": (path) => writeFileSync(join(path, "d0", "more"), ""),
  "another tree": (path) => {
    rmSync(path, { recursive: true });
    makeTree(path, sampleTree({ key: "edited-2", version: 1, part: 0 }));
  },
  "a version that was never stored": (path) => {
    rmSync(path, { recursive: true });
    makeTree(path, sampleTree({ key: "edited-1", version: 2, part: 0 }));
  },
};

function writeOver(path: string): void {
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, "X");
  closeSync(descriptor);
}

for (const [name, spoil] of Object.entries(WRONG)) {
  test(`its comparison finds ${name}`, () => {
    const { world, path, ended } = restored();
    world.checkTree("edited-1", 0, path, ended, true);
    expect(world.violations).toEqual([]);
    spoil(path);
    world.checkTree("edited-1", 0, path, ended, true);
    expect(world.violations).toHaveLength(1);
  });
}

test("its comparison excuses a staging directory that is being made, and no other", () => {
  const { world, path, ended } = restored();
  const name = `.btdt-restore-${crypto.randomUUID()}`;
  mkdirSync(join(path, `${name}.new`));
  writeFileSync(join(path, `${name}.new`, "lock"), "");
  world.checkTree("edited-1", 0, path, ended, false);
  expect(world.violations).toEqual([]);
  mkdirSync(join(path, name));
  world.checkTree("edited-1", 0, path, ended, false);
  expect(world.violations).toHaveLength(1);
});

test("its comparison excuses an edit in place after the restore began, and none before", () => {
  const { world, path, ended } = restored();
  world.edits.edit(join(path, "d0", "f0"), true);
  world.checkTree("edited-1", 0, path, ended, true);
  expect(world.violations).toEqual([]);
  const later = { ...ended, begunMs: performance.now() };
  world.checkTree("edited-1", 0, path, later, true);
  expect(world.violations).toHaveLength(1);
});

test("its comparison excuses another time or mode after the restore began, and none before", () => {
  const { world, path, ended } = restored();
  const file = join(path, "d0", "f0");
  world.alterations.alter(file, true, 0);
  world.alterations.alter(file, false, 1);
  world.checkTree("edited-1", 0, path, ended, true);
  expect(world.violations).toEqual([]);
  const later = { ...ended, begunMs: performance.now() };
  world.checkTree("edited-1", 0, path, later, true);
  expect(world.violations).toHaveLength(1);
  writeOver(file);
  world.checkTree("edited-1", 0, path, ended, true);
  expect(world.violations).toHaveLength(2);
});

test("a version that was surely replaced, and a miss of a key that is surely there, are wrong", () => {
  const { world } = restored();
  const { ledger } = world;
  const second = ledger.begin("edited-1", 5);
  expect(ledger.mayGive("edited-1", 2, { begunMs: 3, endedMs: 4 })).toBe(false);
  expect(ledger.mayGive("edited-1", 2, { begunMs: 3, endedMs: 6 })).toBe(true);
  second.end(true, 7);
  expect(ledger.mayGive("edited-1", 1, { begunMs: 6, endedMs: 9 })).toBe(true);
  expect(ledger.mayGive("edited-1", 1, { begunMs: 8, endedMs: 9 })).toBe(false);
  expect(ledger.mayMiss("edited-1", { begunMs: 8, endedMs: 9 })).toBe(false);
  expect(ledger.mayMiss("edited-2", { begunMs: 8, endedMs: 9 })).toBe(true);
  ledger.beginDeletion("edited-1", 10)(11);
  expect(ledger.mayMiss("edited-1", { begunMs: 8, endedMs: 9 })).toBe(false);
  expect(ledger.mayMiss("edited-1", { begunMs: 8, endedMs: 12 })).toBe(true);
  ledger.begin("edited-1", 13).end(true, 14);
  expect(ledger.mayMiss("edited-1", { begunMs: 15, endedMs: 16 })).toBe(false);
});
