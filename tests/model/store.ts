import {
  isPacked,
  isWhole,
  type ModelPack,
  type ModelSession,
  type ModelTree,
  type Storer,
} from "./model-cache.ts";
import { claimed, locked, type Place, type Process } from "./process.ts";

export interface StoreRequest {
  readonly key: string;
  readonly tree: ModelTree;
  readonly storage: "objects" | "packs";
}

export function* store(place: Place, { key, tree, storage }: StoreRequest): Process {
  const { cache, name, omits } = place;
  const session = cache.openSession(name);
  const storer: Storer = { confirmed: new Set(), isExcused: false };
  cache.storers.push(storer);
  yield undefined;
  // A packer reads the source once, with what is held at that moment in mind.
  const held = [...cache.packs.values()];
  yield undefined;
  const keep = function* (): Process {
    if (storage === "packs") yield* keepInPacks(place, tree, held, storer);
    else yield* keepAsObjects(place, tree, storer);
  };
  const isKeptEarly = omits("store: announce before looking for objects") && storage === "objects";
  if (isKeptEarly) yield* keep();
  if (!omits("store: announce the intent")) yield* announce(place, session, tree);
  yield undefined;
  const isKeptLate = omits("store: contents before the key");
  if (!isKeptEarly && !isKeptLate) yield* keep();
  yield undefined;
  const isManifestLate = omits("store: manifest before the key");
  if (!isManifestLate) cache.manifests.set(tree.manifest, tree);
  yield undefined;
  yield* locked(place, "shared", omits("store: lock for the keys"), function* () {
    cache.keys.set(key, { tree, storer });
    yield undefined;
  });
  if (isKeptLate) yield* keep();
  if (isManifestLate) cache.manifests.set(tree.manifest, tree);
  yield undefined;
  cache.sessions.delete(name);
}

function* announce(place: Place, session: ModelSession, tree: ModelTree): Process {
  yield* locked(place, "shared", place.omits("store: lock for the intent"), function* () {
    session.intents.set(tree.manifest, tree);
    yield undefined;
  });
}

function* keepAsObjects(place: Place, { files }: ModelTree, storer: Storer): Process {
  const { cache, omits } = place;
  for (const { name } of files) {
    const object = cache.objects.get(name);
    const isReused =
      object !== undefined && (isWhole(object) || omits("store: look at an object before it is reused"));
    if (isReused) storer.confirmed.add(name);
    yield undefined;
    if (isReused) continue;
    const put = (): void => {
      cache.objects.set(name, { editedAt: undefined });
      storer.confirmed.add(name);
    };
    if (object === undefined && !cache.objects.has(name)) put();
    else yield* replaceObject(place, name, put);
    yield undefined;
  }
}

/** By `rename`, over whatever has the name. */
function* replaceObject(place: Place, name: string, put: () => void): Process {
  const { cache, omits } = place;
  for (;;) {
    const there = cache.objects.get(name);
    if (there === undefined) return put();
    yield undefined;
    const isOmitted = omits("store: claim an object before it is replaced");
    const isReplaced = yield* claimed(place, name, there, isOmitted, put);
    if (isReplaced) return;
  }
}

function* keepInPacks(place: Place, tree: ModelTree, held: readonly ModelPack[], storer: Storer): Process {
  const { cache, omits } = place;
  const isUnheld = (content: string): boolean => !held.some(({ contents }) => contents.has(content));
  const newContents = new Set(contentsOf(tree).filter(isUnheld));
  const publish = function* (contents: ReadonlySet<string>, known: readonly ModelPack[]): Process {
    // A list that some pack has is not written again.
    const lists = new Map([...listsOf(tree)].filter(([name]) => !known.some((pack) => pack.lists.has(name))));
    if (contents.size === 0 && lists.size === 0) return;
    yield* locked(place, "shared", omits("store: lock for the pack"), function* () {
      cache.packs.set(cache.freshName(), { contents, lists });
      yield undefined;
    });
  };
  const isPublishedLate = omits("store: publish the pack before the check");
  if (!isPublishedLate) yield* publish(newContents, held);
  yield undefined;
  if (!omits("store: check what was held before")) {
    const published = [...cache.packs.values()];
    // From this moment on: a clean may delete a pack because there is also an object, and that is edited.
    for (const file of tree.files) if (isPacked(published, file)) storer.confirmed.add(file.name);
    const own: ModelPack = { contents: newContents, lists: listsOf(tree) };
    const listsOnly: ModelPack = { contents: new Set(), lists: own.lists };
    const packs = [
      ...published,
      ...(isPublishedLate ? [own] : []),
      ...(omits("store: rely on lists only where a pack has them") ? [listsOnly] : []),
    ];
    yield undefined;
    const missing: string[] = [];
    for (const file of tree.files) {
      const isThere = isPacked(packs, file) || isWhole(cache.objects.get(file.name));
      if (isThere) storer.confirmed.add(file.name);
      else missing.push(...(file.chunks ?? [file.name]));
      yield undefined;
    }
    if (missing.length > 0) yield* publish(new Set(missing), published);
  }
  if (isPublishedLate) yield* publish(newContents, held);
  for (const { name } of tree.files) storer.confirmed.add(name);
}

const contentsOf = ({ files }: ModelTree): string[] => files.flatMap(({ name, chunks }) => chunks ?? [name]);

function listsOf({ files }: ModelTree): ReadonlyMap<string, readonly string[]> {
  return new Map(
    files.flatMap(({ name, chunks }) => (chunks === undefined ? [] : [[name, chunks] as const])),
  );
}
