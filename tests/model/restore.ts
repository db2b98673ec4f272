import { isPacked, isWhole, type ModelFile, type ModelPack, type ModelTree } from "./model-cache.ts";
import { claimed, locked, type Pause, type Place, type Process } from "./process.ts";

/** Brings a tree back or reports a miss; what is wrong about either goes to the cache's violations. */
export function* restore(place: Place, key: string): Process {
  const { cache, name, omits } = place;
  cache.openSession(name);
  const begunAt = cache.now;
  yield undefined;
  let record = cache.keys.get(key);
  while (record !== undefined) {
    yield undefined;
    const isPlaced = yield* build(place, record.tree, begunAt);
    if (isPlaced) break;
    yield undefined;
    const now = omits("restore: look at the key again") ? record : cache.keys.get(key);
    if (now === record || now === undefined) {
      const there = cache.keys.get(key);
      if (there !== undefined && !there.storer.isExcused && (there === record || now === record))
        cache.violations.push(`${key} is a miss, and sound`);
      break;
    }
    record = now;
  }
  yield undefined;
  cache.sessions.delete(name);
}

function* build(place: Place, tree: ModelTree, begunAt: number): Generator<Pause, boolean, void> {
  const { cache, omits } = place;
  if (!cache.manifests.has(tree.manifest)) return false;
  /** Packs are opened, and stay readable whatever becomes of their names. */
  const opened = new Set<ModelPack>();
  let isWholeTree = true;
  for (const file of tree.files) {
    const object = cache.objects.get(file.name);
    yield undefined;
    if (
      isWhole(object) ||
      (object !== undefined && omits("restore: look at an object before it is linked"))
    ) {
      const linked = cache.objects.get(file.name);
      if (linked?.editedAt !== undefined && linked.editedAt < begunAt)
        cache.violations.push(`${file.name} was edited before the restore began, and is linked`);
      if (linked !== undefined) continue;
    }
    if (!isPacked([...opened], file)) for (const pack of cache.packs.values()) opened.add(pack);
    yield undefined;
    if (isPacked([...opened], file)) {
      yield* adopt(place, file);
      continue;
    }
    if (object !== undefined && !isWhole(object)) yield* drop(place, file.name);
    // A content may have gone from a pack to an object meanwhile.
    if (isWhole(cache.objects.get(file.name))) continue;
    yield undefined;
    if (isPacked([...cache.packs.values()], file)) continue;
    isWholeTree = false;
  }
  return isWholeTree;
}

/** What was unpacked becomes an object, so that it is linked the next time. */
function* adopt({ cache }: Place, { name }: ModelFile): Process {
  if (!cache.objects.has(name)) cache.objects.set(name, { editedAt: undefined });
  yield undefined;
}

function* drop(place: Place, object: string): Process {
  const { cache, omits } = place;
  // A clean removes objects without a claim.
  yield* locked(place, "shared", omits("restore: lock while an object is dropped"), function* () {
    for (;;) {
      const found = cache.objects.get(object);
      if (found === undefined || isWhole(found)) return;
      yield undefined;
      const isOmitted = omits("restore: claim an object before it is dropped");
      const isDropped = yield* claimed(place, object, found, isOmitted, () => cache.objects.delete(object));
      if (isDropped) return;
    }
  });
}
