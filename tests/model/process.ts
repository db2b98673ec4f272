import type { ModelCache, ModelObject } from "./model-cache.ts";

/**
 * Between two steps of a process anything may happen: others go on, or it is killed. The next step waits until the
 * condition holds.
 */
export type Pause = (() => boolean) | undefined;
export type Process = Generator<Pause, void, void>;

/** The name that a process has in the cache. */
export interface Place {
  readonly cache: ModelCache;
  readonly name: string;
  readonly omits: (step: Step) => boolean;
}

/** Steps, one of which a mutant leaves out. */
export const STEPS = [
  "store: announce the intent",
  "store: lock for the intent",
  "store: announce before looking for objects",
  "store: look at an object before it is reused",
  "store: claim an object before it is replaced",
  "store: publish the pack before the check",
  "store: lock for the pack",
  "store: check what was held before",
  "store: rely on lists only where a pack has them",
  "store: lock for the keys",
  "store: contents before the key",
  "store: manifest before the key",
  "clean: lock",
  "clean: look at keys and intents again under the lock",
  "clean: take stock again unless all is whole and in objects",
  "clean: read the manifests that the ledger lacks",
  "clean: go by a ledger only if all manifests in it are there",
  "clean: count intents as needs",
  "clean: keep objects of intents that are not whole",
  "clean: count a list's chunks as needs",
  "clean: count what there is of incomplete files",
  "clean: spare sessions that live",
  "clean: keys before contents",
  "clean: look again before packs are replaced",
  "clean: publish the new pack before the old one goes",
  "restore: look at an object before it is linked",
  "restore: look at the key again",
  "restore: claim an object before it is dropped",
  "restore: lock while an object is dropped",
] as const;
export type Step = (typeof STEPS)[number];

/** Does something under the lock, or without it in a mutant. */
export function* locked(
  { cache, name }: Place,
  mode: "shared" | "exclusive",
  isOmitted: boolean,
  action: () => Process,
): Process {
  if (isOmitted) return yield* action();
  yield () => cache.exclusive === undefined && (mode === "shared" || cache.shared.size === 0);
  if (mode === "shared") cache.shared.add(name);
  else cache.exclusive = name;
  yield undefined;
  yield* action();
  yield undefined;
  if (mode === "shared") cache.shared.delete(name);
  else cache.exclusive = undefined;
}

/**
 * Claims the file that has the name of an object, and does something while it has it; another one's claim is waited
 * for. Answers whether that was done.
 */
export function* claimed(
  { cache, name }: Place,
  object: string,
  taken: ModelObject,
  isOmitted: boolean,
  action: () => void,
): Generator<Pause, boolean, void> {
  if (!isOmitted) {
    yield () => taken.claimant === undefined;
    cache.claim(name, taken);
    if (cache.objects.get(object) !== taken) {
      cache.release(name);
      return false;
    }
    yield undefined;
  }
  action();
  yield undefined;
  cache.release(name);
  return true;
}
