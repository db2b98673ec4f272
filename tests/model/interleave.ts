import { clean } from "./clean.ts";
import { ModelCache, type ModelTree } from "./model-cache.ts";
import type { Pause, Place, Process, Step } from "./process.ts";
import { restore } from "./restore.ts";
import { store } from "./store.ts";

/** Decides: a number from 0 to below the limit. */
export type Choose = (limit: number) => number;

const KEYS = ["k1", "k2", "k3"] as const;
const TREES: readonly ModelTree[] = [
  { manifest: "ab", files: [{ name: "a" }, { name: "b" }] },
  { manifest: "bc", files: [{ name: "b" }, { name: "c" }] },
  { manifest: "xy", files: [{ name: "large xy", chunks: ["x", "y"] }] },
  { manifest: "xz", files: [{ name: "a" }, { name: "large xz", chunks: ["x", "z"] }] },
  { manifest: "xyz", files: [{ name: "large xyz", chunks: ["x", "y", "z"] }] },
];
const MOST_KILLS = 1;
/** Of a hundred choices, how many kill. */
const KILL_PERCENT = 3;

interface Running {
  readonly name: string;
  readonly process: Process;
  pause: Pause;
}

/**
 * Lets some processes that are chosen take steps in an order that is chosen, kills one perhaps, and answers what went
 * wrong.
 * @param omitted the step that a mutant leaves out
 */
export function interleave(choose: Choose, omitted?: Step): string[] {
  const cache = new ModelCache();
  const placeOf = (name: string): Place => ({ cache, name, omits: (step) => step === omitted });
  let count = 0;
  const start: Start = (begin) => {
    count += 1;
    const name = `process ${count}`;
    return { name, process: begin(placeOf(name)), pause: undefined };
  };
  switch (choose(8)) {
    case 0:
      return aroundOneObject(choose, cache, start);
    case 1:
      return aroundSharedChunks(choose, cache, start);
    case 2:
      return aroundOneKey(choose, cache, start);
    case 3:
      return aroundOneList(choose, cache, start);
    case 4:
      return aroundOneLedger(choose, cache, start);
  }
  for (let index = choose(4); index > 0; index--)
    finish(
      cache,
      start((place) => store(place, storeRequest(choose))),
    );
  for (const key of KEYS) if (choose(3) === 0) cache.keys.delete(key);
  const running = Array.from({ length: 2 + choose(3) }, () => start((place) => anyProcess(place, choose)));
  return runAndCheck(cache, running, start, choose);
}

type Start = (begin: (place: Place) => Process) => Running;

/** An object was edited: a restore drops it, a store replaces it, and a clean looks. */
function aroundOneObject(choose: Choose, cache: ModelCache, start: Start): string[] {
  const [tree] = TREES;
  if (tree === undefined) throw new Error("there is no tree");
  finish(
    cache,
    start((place) => store(place, { key: "k1", tree, storage: "objects" })),
  );
  cache.edit(pick(["a", "b"], choose));
  const isEarly = choose(2) === 0;
  const running = [
    start((place) => store(place, { key: pick(["k1", "k2"], choose), tree, storage: "objects" })),
    start((place) => restore(place, "k1")),
    start((place) => clean(place, [], isEarly)),
  ];
  return runAndCheck(cache, running, start, choose);
}

/** A clean evicts the entry of a key that a store replaces. */
function aroundOneKey(choose: Choose, cache: ModelCache, start: Start): string[] {
  finish(
    cache,
    start((place) => store(place, { ...storeRequest(choose), key: "k1" })),
  );
  const isEarly = choose(2) === 0;
  const running = [
    start((place) => store(place, { ...storeRequest(choose), key: "k1" })),
    start((place) => clean(place, ["k1"], isEarly)),
  ];
  return runAndCheck(cache, running, start, choose);
}

/** What a clean has counted, entries come and go, and cleans that go by it. */
function aroundOneLedger(choose: Choose, cache: ModelCache, start: Start): string[] {
  for (const key of KEYS.slice(0, 2)) {
    const tree = pick(TREES.slice(0, 2), choose);
    finish(
      cache,
      start((place) => store(place, { key, tree, storage: "objects" })),
    );
  }
  finish(
    cache,
    start((place) => clean(place, [], false, true)),
  );
  if (choose(2) === 0) cache.keys.delete(pick(KEYS, choose));
  const isEarly = choose(2) === 0;
  const running = [
    start((place) => store(place, { ...storeRequest(choose), storage: "objects" })),
    start((place) => clean(place, choose(2) === 0 ? [pick(KEYS, choose)] : [], isEarly, true)),
  ];
  return runAndCheck(cache, running, start, choose);
}

/** All that nothing needs any more is a list of chunks, of a file that a store packs again. */
function aroundOneList(choose: Choose, cache: ModelCache, start: Start): string[] {
  const [, , listed, , longer] = TREES;
  if (listed === undefined || longer === undefined) throw new Error("there is no such tree");
  for (const tree of [longer, listed]) {
    finish(
      cache,
      start((place) => store(place, { key: tree.manifest, tree, storage: "packs" })),
    );
  }
  cache.keys.delete(listed.manifest);
  const isEarly = choose(2) === 0;
  const running = [
    start((place) => store(place, { key: "k1", tree: listed, storage: "packs" })),
    start((place) => clean(place, [], isEarly)),
  ];
  return runAndCheck(cache, running, start, choose);
}

/** A pack that nothing needs any more has a chunk of a large file that a store packs. */
function aroundSharedChunks(choose: Choose, cache: ModelCache, start: Start): string[] {
  const [, , first, second] = TREES;
  if (first === undefined || second === undefined) throw new Error("there is no such tree");
  finish(
    cache,
    start((place) => store(place, { key: "k1", tree: first, storage: "packs" })),
  );
  cache.keys.delete("k1");
  const isEarly = choose(2) === 0;
  const running = [
    start((place) => store(place, { key: "k2", tree: second, storage: "packs" })),
    start((place) => clean(place, [], isEarly)),
    start((place) => anyProcess(place, choose)),
  ];
  return runAndCheck(cache, running, start, choose);
}

function runAndCheck(cache: ModelCache, running: Running[], start: Start, choose: Choose): string[] {
  run(cache, running, choose);
  if (cache.violations.length > 0) return cache.violations;
  for (let round = 0; round < 2; round++)
    finish(
      cache,
      start((place) => clean(place, [], false, true)),
    );
  checkNothingLeft(cache);
  return cache.violations;
}

function storeRequest(choose: Choose) {
  return {
    key: pick(KEYS, choose),
    tree: pick(TREES, choose),
    storage: pick(["objects", "packs"] as const, choose),
  };
}

function anyProcess(place: Place, choose: Choose): Process {
  switch (choose(8)) {
    case 0:
    case 1:
    case 2:
      return store(place, storeRequest(choose));
    case 3:
    case 4:
      return clean(place, choose(4) === 0 ? [pick(KEYS, choose)] : [], choose(2) === 0, choose(2) === 0);
    case 5:
      return restore(place, pick(KEYS, choose));
    case 6:
      return once(() => place.cache.keys.delete(pick(KEYS, choose)));
    default:
      return once(() => place.cache.edit(pick(["a", "b", "c", "large xy"], choose)));
  }
}

function* once(action: () => void): Process {
  yield undefined;
  action();
}

function run(cache: ModelCache, running: Running[], choose: Choose): void {
  let kills = 0;
  // Many faults need one process to get far between two steps of another: in some runs changes are rare.
  const stayTenths = pick([0, 6, 9], choose);
  let last: Running | undefined;
  while (running.length > 0 && cache.violations.length === 0) {
    const ready = running.filter(({ pause }) => pause?.() ?? true);
    if (ready.length === 0) {
      cache.violations.push("all wait for each other");
      return;
    }
    const stays = last !== undefined && ready.includes(last) && choose(10) < stayTenths;
    const next = stays && last !== undefined ? last : pick(ready, choose);
    last = next;
    const isKilled = kills < MOST_KILLS && choose(100) >= 100 - KILL_PERCENT;
    if (isKilled) {
      kills += 1;
      cache.kill(next.name);
    }
    if (isKilled || takeStep(cache, next)) running.splice(running.indexOf(next), 1);
    checkKeys(cache);
  }
}

/** @returns whether it has ended */
function takeStep(cache: ModelCache, running: Running): boolean {
  cache.now += 1;
  const { done, value } = running.process.next();
  running.pause = done === true ? undefined : value;
  return done === true;
}

function finish(cache: ModelCache, running: Running): void {
  while (!takeStep(cache, running)) continue;
}

/** A key means a whole entry, at every moment. */
function checkKeys(cache: ModelCache): void {
  for (const [key, { tree, storer }] of cache.keys)
    if (!storer.isExcused && !cache.isComplete(tree))
      cache.violations.push(`${key} has lost something of ${tree.manifest}`);
}

function checkNothingLeft(cache: ModelCache): void {
  const trees = [...cache.keys.values()].map(({ tree }) => tree);
  const files = new Set(trees.flatMap((tree) => tree.files.map(({ name }) => name)));
  for (const object of cache.objects.keys())
    if (!files.has(object)) cache.violations.push(`object ${object} is left`);
  for (const manifest of cache.manifests.keys())
    if (!trees.some((tree) => tree.manifest === manifest))
      cache.violations.push(`manifest ${manifest} is left`);
  for (const session of cache.sessions.keys()) cache.violations.push(`the session of ${session} is left`);
}

function pick<Item>(items: readonly Item[], choose: Choose): Item {
  const item = items[choose(items.length)];
  if (item === undefined) throw new Error("nothing to choose from");
  return item;
}
