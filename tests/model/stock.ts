import { add, EMPTY_LEDGER, recall, subtract } from "./ledger.ts";
import {
  isPacked,
  isWhole,
  type ModelFile,
  type ModelLedger,
  type ModelObject,
  type ModelPack,
  type ModelRecord,
  type ModelTree,
} from "./model-cache.ts";
import type { Pause, Place } from "./process.ts";

/** What a clean has seen, one step after the other. */
export interface Stock {
  readonly deadSessions: readonly string[];
  readonly keys: ReadonlyMap<string, ModelRecord>;
  /** Keys whose entries lack something. */
  readonly damaged: ReadonlySet<string>;
  readonly manifests: readonly string[];
  readonly objects: ReadonlyMap<string, ModelObject>;
  readonly packs: ReadonlyMap<string, ModelPack>;
  /** What was counted before, without entries that have vanished. */
  readonly recalled: ModelLedger | undefined;
  needs(evicted: ReadonlySet<string>): Needs;
}

export interface Needs {
  readonly manifests: ReadonlySet<string>;
  readonly objects: ReadonlySet<string>;
  readonly contents: ReadonlySet<string>;
  readonly lists: ReadonlySet<string>;
  /** What the keys that stay need; undefined if that is not only whole objects. */
  readonly ledger: ModelLedger | undefined;
}

interface Sessions {
  readonly deadSessions: readonly string[];
  readonly intents: readonly ModelTree[];
}

type Seen = Pick<Stock, "keys" | "objects" | "packs" | "recalled"> & Pick<Sessions, "intents">;

export function* takeStock(place: Place, isRecalling = false): Generator<Pause, Stock, void> {
  const { cache } = place;
  const { deadSessions, intents } = yield* lookAtSessions(place);
  const keys = new Map(cache.keys);
  yield undefined;
  const manifests = new Map(cache.manifests);
  yield undefined;
  const packs = new Map(cache.packs);
  yield undefined;
  const objects = new Map<string, ModelObject>();
  for (const [name, object] of Array.from(cache.objects)) {
    // As it is at this moment.
    objects.set(name, { ...object });
    yield undefined;
  }
  const damaged = new Set<string>();
  for (const [key, { tree }] of keys) {
    const isThere = (file: ModelFile): boolean =>
      isWhole(objects.get(file.name)) ||
      isPacked([...packs.values()], file) ||
      isWhole(cache.objects.get(file.name));
    if (!manifests.has(tree.manifest) || !tree.files.every(isThere)) damaged.add(key);
  }
  const recalled = isRecalling
    ? recall(place, manifestsOf(keys), objects, new Set(manifests.keys()))
    : undefined;
  const needs = (evicted: ReadonlySet<string>): Needs =>
    findNeeds(place, { keys, intents, objects, packs, recalled }, evicted);
  return { deadSessions, keys, damaged, manifests: [...manifests.keys()], objects, packs, recalled, needs };
}

function manifestsOf(keys: ReadonlyMap<string, ModelRecord>): Set<string> {
  return new Set([...keys.values()].map(({ tree }) => tree.manifest));
}

/** Looks again, under the lock, at what stores have changed since; undefined if that is not enough. */
export function* updateStock(place: Place, early: Stock): Generator<Pause, Stock | undefined, void> {
  const { cache, omits } = place;
  const { manifests, objects, packs } = early;
  const mustBePlain = !omits("clean: take stock again unless all is whole and in objects");
  const isSound = ({ name }: ModelFile): boolean => {
    const object = objects.get(name);
    return object === undefined || isWhole(object);
  };
  const isPlain = [...early.keys.values()].every(({ tree }) => tree.files.every(isSound));
  if (mustBePlain && (packs.size > 0 || early.damaged.size > 0 || !isPlain)) return undefined;
  if (omits("clean: look at keys and intents again under the lock")) return early;
  const { deadSessions, intents } = yield* lookAtSessions(place);
  const keys = new Map(cache.keys);
  yield undefined;
  if (mustBePlain && cache.packs.size > 0) return undefined;
  yield undefined;
  const counted = new Set([...early.keys.values()].map(({ tree }) => tree.manifest));
  for (const { tree } of keys.values()) {
    if (counted.has(tree.manifest)) continue;
    const isThere = ({ name }: ModelFile): boolean => isWhole(objects.get(name) ?? cache.objects.get(name));
    if (mustBePlain && !(cache.manifests.has(tree.manifest) && tree.files.every(isThere))) return undefined;
    yield undefined;
  }
  const keyed = manifestsOf(keys);
  const vanished = [...(early.recalled?.entries ?? [])].filter((manifest) => !keyed.has(manifest));
  const gone = vanished.flatMap((manifest) => cache.manifests.get(manifest) ?? []);
  const recalled = early.recalled && subtract(early.recalled, gone);
  const needs = (evicted: ReadonlySet<string>): Needs =>
    findNeeds(place, { keys, intents, objects, packs, recalled }, evicted);
  return { deadSessions, keys, damaged: new Set(), manifests, objects, packs, recalled, needs };
}

function* lookAtSessions({ cache, omits }: Place): Generator<Pause, Sessions, void> {
  const intents: ModelTree[] = [];
  const deadSessions: string[] = [];
  for (const name of Array.from(cache.sessions.keys())) {
    const session = cache.sessions.get(name);
    const isDead = session !== undefined && (!session.isAlive || omits("clean: spare sessions that live"));
    if (isDead) deadSessions.push(name);
    else if (!omits("clean: count intents as needs")) intents.push(...(session?.intents.values() ?? []));
    yield undefined;
  }
  return { deadSessions, intents };
}

function findNeeds(
  { omits }: Place,
  { keys, intents, objects, packs, recalled }: Seen,
  evicted: ReadonlySet<string>,
): Needs {
  const needed = {
    manifests: new Set<string>(),
    objects: new Set<string>(),
    contents: new Set<string>(),
    lists: new Set<string>(),
  };
  const addPacked = (file: ModelFile): void => {
    if (omits("clean: count what there is of incomplete files") && !isPacked([...packs.values()], file))
      return;
    const list = [...packs.values()].flatMap(({ lists }) => lists.get(file.name) ?? []);
    if (file.chunks !== undefined) needed.lists.add(file.name);
    // The chunks of a large file are known only by a list in some pack.
    const areChunksKnown = !omits("clean: count a list's chunks as needs");
    const contents = file.chunks === undefined ? [file.name] : areChunksKnown ? list : [];
    for (const content of contents) needed.contents.add(content);
  };
  const stays = new Map(
    [...keys].flatMap(([key, { tree }]) => (evicted.has(key) ? [] : [[tree.manifest, tree]])),
  );
  const goes = [...keys.values()].flatMap(({ tree }) =>
    recalled?.entries.has(tree.manifest) === true && !stays.has(tree.manifest)
      ? [[tree.manifest, tree] as const]
      : [],
  );
  const left = recalled && subtract(recalled, [...new Map(goes).values()]);
  for (const name of left?.counts.keys() ?? []) needed.objects.add(name);
  const isEachRead = !omits("clean: read the manifests that the ledger lacks");
  const fresh: ModelTree[] = [];
  for (const tree of stays.values()) {
    needed.manifests.add(tree.manifest);
    if (left !== undefined && (left.entries.has(tree.manifest) || !isEachRead)) continue;
    fresh.push(tree);
    // With both, the packs' contents are not needed.
    for (const file of tree.files) {
      if (isWhole(objects.get(file.name))) needed.objects.add(file.name);
      else addPacked(file);
    }
  }
  for (const { manifest, files } of intents) {
    needed.manifests.add(manifest);
    for (const file of files) {
      const object = objects.get(file.name);
      if (isWhole(object) || !omits("clean: keep objects of intents that are not whole"))
        needed.objects.add(file.name);
      if (!isWhole(object)) addPacked(file);
    }
  }
  const isPlain =
    packs.size === 0 && fresh.every(({ files }) => files.every(({ name }) => isWhole(objects.get(name))));
  return { ...needed, ledger: isPlain ? add(left ?? EMPTY_LEDGER, fresh) : undefined };
}
