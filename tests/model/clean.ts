import type { ModelPack } from "./model-cache.ts";
import { locked, type Place, type Process } from "./process.ts";
import { type Needs, type Stock, takeStock, updateStock } from "./stock.ts";

/**
 * @param limited keys that go because of limits
 * @param isEarly stock is taken before the lock, and then brought up to date
 * @param isRecalling what was counted before is not read again
 */
export function* clean(
  place: Place,
  limited: readonly string[],
  isEarly = false,
  isRecalling = false,
): Process {
  const { cache, name, omits } = place;
  cache.openSession(name);
  yield undefined;
  const early = isEarly ? yield* takeStock(place, isRecalling) : undefined;
  let stock: Stock | undefined;
  let needs: Needs | undefined;
  yield* locked(place, "exclusive", omits("clean: lock"), function* () {
    stock = early === undefined ? undefined : yield* updateStock(place, early);
    stock ??= yield* takeStock(place, isRecalling);
    const evicted = new Set([...limited, ...stock.damaged]);
    needs = stock.needs(evicted);
    const isKeysFirst = !omits("clean: keys before contents");
    if (isKeysFirst) yield* removeKeys(place, stock, evicted);
    yield* removeUnneeded(place, stock, needs);
    if (!isKeysFirst) yield* removeKeys(place, stock, evicted);
    for (const session of stock.deadSessions) {
      cache.sessions.delete(session);
      yield undefined;
    }
  });
  // Without the lock: it is true whenever it is published.
  if (needs?.ledger !== undefined && stock?.damaged.size === 0) cache.ledger = needs.ledger;
  yield undefined;
  if (stock !== undefined && needs !== undefined) yield* rewritePacks(place, stock, needs);
  cache.sessions.delete(name);
}

function* removeKeys({ cache }: Place, stock: Stock, evicted: ReadonlySet<string>): Process {
  for (const key of evicted) {
    const seen = stock.keys.get(key);
    const isSame = seen !== undefined && cache.keys.get(key) === seen;
    yield undefined;
    if (!isSame) continue;
    const removed = cache.keys.get(key);
    cache.keys.delete(key);
    if (removed !== undefined && removed !== seen)
      cache.violations.push(`a clean removed ${key}, which was stored since it looked`);
    if (removed === seen && stock.damaged.has(key) && !seen.storer.isExcused)
      cache.violations.push(`a clean took ${key} for damaged`);
    yield undefined;
  }
}

function* removeUnneeded({ cache }: Place, stock: Stock, needs: Needs): Process {
  for (const manifest of stock.manifests) {
    if (needs.manifests.has(manifest)) continue;
    cache.manifests.delete(manifest);
    yield undefined;
  }
  for (const object of stock.objects.keys()) {
    if (needs.objects.has(object)) continue;
    cache.objects.delete(object);
    yield undefined;
  }
  for (const [name, pack] of stock.packs) {
    if (neededPart(pack, needs).size > 0) continue;
    cache.packs.delete(name);
    yield undefined;
  }
}

/** Of a pack what is needed: contents and, by the names of their files, lists. */
function neededPart({ contents, lists }: ModelPack, needs: Needs): Set<string> {
  const neededLists = [...lists.keys()].filter((list) => needs.lists.has(list));
  return new Set([...[...contents].filter((content) => needs.contents.has(content)), ...neededLists]);
}

/** Without the lock, and under it again only to put the new pack in the place of the old one. */
function* rewritePacks(place: Place, stock: Stock, needs: Needs): Process {
  const { cache, omits } = place;
  const wasteful = [...stock.packs].find(([, pack]) => {
    const part = neededPart(pack, needs);
    return part.size > 0 && part.size < pack.contents.size + pack.lists.size;
  });
  if (wasteful === undefined) return;
  const [oldName, old] = wasteful;
  const part = neededPart(old, needs);
  yield undefined;
  const contents = new Set([...old.contents].filter((content) => part.has(content)));
  const lists = new Map([...old.lists].filter(([list]) => part.has(list)));
  yield* locked(place, "exclusive", false, function* () {
    if (!omits("clean: look again before packs are replaced")) {
      const now = yield* takeStock(place);
      const isAllWritten = [...neededPart(old, now.needs(new Set()))].every(
        (each) => contents.has(each) || lists.has(each),
      );
      if (!now.packs.has(oldName) || !isAllWritten) return;
    }
    const isNewFirst = !omits("clean: publish the new pack before the old one goes");
    if (isNewFirst) cache.packs.set(cache.freshName(), { contents, lists });
    yield undefined;
    cache.packs.delete(oldName);
    yield undefined;
    if (!isNewFirst) cache.packs.set(cache.freshName(), { contents, lists });
  });
}
