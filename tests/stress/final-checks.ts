import { existsSync, lutimesSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Ended, runBtdt } from "./btdt-process.ts";
import { GROUPS, partCount, type World } from "./world.ts";

/** After all processes have ended: every pinned key is a hit, and a clean leaves nothing unneeded. */
export async function checkAtTheEnd(world: World, places: readonly string[]): Promise<void> {
  await clean(world);
  // What is being created is protected for some minutes, because nobody can tell whether its process is alive: here,
  // none is.
  ageUnfinished(sessionsOf(world));
  for (const place of places) ageUnfinished(place);
  await clean(world);
  reportNames(world, sessionsOf(world), () => true, "a session is left");
  for (const [index, place] of places.entries()) {
    const keys = index === 0 ? Object.values(GROUPS).flat() : GROUPS.pinned.slice(0, 1);
    for (const key of keys) await restoreAtTheEnd(world, key, place);
    reportStaging(world, place);
  }
  for (const key of world.ledger.keys()) await run(world, ["delete", key], [0, 4]);
  for (const key of GROUPS.imported) await run(world, ["delete", key], [0, 4]);
  await clean(world);
  for (const part of ["keys", "manifests", "objects", "packs", "sessions"])
    reportNames(world, join(world.cache, "btdt-v1", part), isNoShard, `${part} are left without a key`);
}

async function restoreAtTheEnd(world: World, key: string, place: string): Promise<void> {
  const paths = Array.from({ length: partCount(key) }, (_, part) => join(place, `last-${key}-${part}`));
  const ended = await run(world, ["restore", "-k", key, ...paths], [0, 4]);
  const isPinned = key.startsWith("pinned-");
  if (ended.exitCode === 4 && (isPinned || key.startsWith("changing-")) && !world.ledger.mayMiss(key, ended))
    world.report(ended, `${key} was stored, not deleted, and is a miss at the end`);
  for (const [part, path] of paths.entries())
    if (existsSync(path)) world.checkTree(key, part, path, ended, true);
  for (const path of paths) rmSync(path, { recursive: true, force: true });
}

async function clean(world: World): Promise<void> {
  const ended = await run(world, ["clean"], [0]);
  world.checkClean(ended);
  if (ended.stderr !== "") world.report(ended, "a clean has something to complain about");
}

async function run(world: World, words: readonly string[], allowed: readonly number[]): Promise<Ended> {
  const [command = "", ...rest] = words;
  const ended = await runBtdt([command, "-c", world.cache, ...rest]);
  world.checkEnd(ended, allowed);
  return ended;
}

const sessionsOf = (world: World): string => join(world.cache, "btdt-v1", "sessions");

function ageUnfinished(directory: string): void {
  const longAgo = Date.now() / 1000 - 24 * 60 * 60;
  for (const name of readdirSync(directory))
    if (name.endsWith(".new")) lutimesSync(join(directory, name), longAgo, longAgo);
}

/** Directories named by two hexadecimal digits stay. */
const isNoShard = (name: string): boolean => !/^[0-9a-f]{2}$/.test(name);

function reportNames(
  world: World,
  directory: string,
  isReported: (name: string) => boolean,
  problem: string,
): void {
  const names = readdirSync(directory, { recursive: true }).map(String).filter(isReported);
  if (names.length > 0)
    world.violations.push(`${problem}: ${names.slice(0, 10).join(", ")} (${names.length})`);
}

/** Each restore removes what killed ones left next to it. */
function reportStaging(world: World, place: string): void {
  reportNames(world, place, (name) => name.startsWith(".btdt"), `a staging directory is left in ${place}`);
}
