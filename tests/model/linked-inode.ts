/** One object as docs/linking.md knows it, trees that link to it, and what their users do. */
import type { Pause, Process } from "./process.ts";

/** A file, whatever its names. */
export interface Inode {
  /** When somebody wrote to it; undefined while it has the bytes that were stored. */
  editedAt: number | undefined;
  /** When its mode or time was changed; undefined while they are as stored. An edit changes the time. */
  alteredAt: number | undefined;
  writerCount: number;
}

export const MEND_STEPS = [
  "look at the object before it is linked",
  "count the links after the link is made",
  "look at the object again after the links were counted",
  "mend in place only what no tree links to",
  "take a lease before hashing",
  "hash before mending",
  "look whether what was hashed is still the object",
  "hash what was copied",
] as const;
export type MendStep = (typeof MEND_STEPS)[number];

export class LinkedWorld {
  object: Inode | undefined = newInode();
  /** Trees that are in use, and their files. */
  readonly trees = new Map<string, Inode>();
  /** Names in trees that are being built. */
  readonly staged = new Map<string, Inode>();
  /** Read leases, by process, on files that may have lost their names. */
  readonly leases = new Map<string, Inode>();
  readonly violations: string[] = [];
  now = 0;

  linkCount(inode: Inode): number {
    const names = [this.object, ...this.trees.values(), ...this.staged.values()];
    return names.filter((each) => each === inode).length;
  }

  /** What the kernel does when a process ends, and what is left of its staging directory. */
  end(process: string): void {
    this.staged.delete(process);
    this.leases.delete(process);
  }
}

function newInode(): Inode {
  return {
    editedAt: undefined,
    alteredAt: undefined,
    writerCount: 0,
  };
}

const isAltered = (inode: Inode): boolean => inode.alteredAt !== undefined;

export interface Actor {
  readonly world: LinkedWorld;
  readonly name: string;
  readonly omits: (step: MendStep) => boolean;
}

/** Restores a tree of one file, which no other tree may share: build state. */
export function* restoreFile(actor: Actor): Process {
  const { world, name, omits } = actor;
  const begunAt = world.now;
  yield undefined;
  const seen = world.object;
  if (seen === undefined) return;
  let placed: Inode | undefined;
  if (isAltered(seen) && !omits("look at the object before it is linked")) {
    const outcome = yield* mendInPlace(actor, seen);
    if (outcome === "edited") return;
    if (outcome === "altered" && !(yield* makeAgain(actor, seen))) return;
    yield undefined;
    if (world.object === undefined || isAltered(world.object)) return;
  }
  placed = yield* linkAlone(actor);
  if (placed === undefined) return;
  yield undefined;
  world.staged.delete(name);
  world.trees.set(name, placed);
  const { editedAt, alteredAt } = placed;
  if (editedAt !== undefined && editedAt < begunAt)
    world.violations.push(`${name} has what was edited before`);
  if (alteredAt !== undefined && alteredAt < begunAt)
    world.violations.push(`${name} has attributes that were altered before`);
  const sharers = [...world.trees].filter(([, inode]) => inode === placed);
  if (sharers.length > 1)
    world.violations.push(`${sharers.map(([tree]) => tree).join(" and ")} share a file`);
}

type Mended = Generator<Pause, "whole" | "edited" | "altered", void>;

function* mendInPlace(actor: Actor, inode: Inode): Mended {
  const outcome = yield* mendLeased(actor, inode);
  actor.world.leases.delete(actor.name);
  return outcome;
}

/** As `objects/mend-in-place.ts` does it. That it counts links before it hashes as well only saves work. */
function* mendLeased({ world, name, omits }: Actor, inode: Inode): Mended {
  yield undefined;
  if (!omits("take a lease before hashing")) {
    if (inode.writerCount > 0) return "altered";
    world.leases.set(name, inode);
  }
  yield undefined;
  const isEqual = inode.editedAt === undefined || omits("hash before mending");
  yield undefined;
  // What was hashed may have lost its name to another file.
  if (world.object !== inode && !omits("look whether what was hashed is still the object")) return "altered";
  if (!isEqual) return "edited";
  // Two system calls, one right after the other, count as one step here.
  if (world.linkCount(inode) !== 1 && !omits("mend in place only what no tree links to")) return "altered";
  if (inode.alteredAt !== undefined && [...world.trees.values()].includes(inode))
    world.violations.push("a tree lost the attributes that its user had set");
  inode.alteredAt = undefined;
  return "whole";
}

/** As `restore/mend-files.ts` does it: false if the bytes are not those that were stored. */
function* makeAgain({ world, omits }: Actor, source: Inode): Generator<Pause, boolean, void> {
  yield undefined;
  const isEqual = source.editedAt === undefined;
  if (!isEqual) return false;
  if (omits("hash what was copied")) yield undefined;
  const copy = { ...newInode(), editedAt: source.editedAt };
  yield undefined;
  world.object = copy;
  return true;
}

/** As `fs/place-file.ts` does it: linked if no other tree has it, else copied. */
function* linkAlone({ world, name, omits }: Actor): Generator<Pause, Inode | undefined, void> {
  yield undefined;
  const isFree = world.object !== undefined && world.linkCount(world.object) === 1;
  const isCountedLate = !omits("count the links after the link is made");
  if (!isCountedLate) yield undefined;
  const object = world.object;
  if (object === undefined) return undefined;
  if (isCountedLate || isFree) {
    world.staged.set(name, object);
    yield undefined;
    const hasFewLinks = !isCountedLate || world.linkCount(object) <= 2;
    yield undefined;
    // The number says nothing about other trees if the object has gone.
    const isStill = world.object === object || omits("look at the object again after the links were counted");
    if (hasFewLinks && isStill) return object;
    world.staged.delete(name);
  }
  yield undefined;
  // A copy of what was edited meanwhile is found out, as in `makeAgain`.
  return object.editedAt === undefined ? newInode() : undefined;
}

/** A tool that changes mode or time in a tree. */
export function* alter({ world }: Actor, tree: string): Process {
  yield undefined;
  const inode = world.trees.get(tree);
  if (inode !== undefined) inode.alteredAt = world.now;
}

/** A tool that writes in place, perhaps into a tree that is removed before it is done. */
export function* edit({ world }: Actor, tree: string, removes: boolean): Process {
  yield undefined;
  const inode = world.trees.get(tree);
  if (inode === undefined) return;
  yield () => ![...world.leases.values()].includes(inode);
  inode.writerCount += 1;
  yield undefined;
  if (removes) world.trees.delete(tree);
  yield undefined;
  inode.editedAt = inode.alteredAt = world.now;
  inode.writerCount -= 1;
}

export function* remove({ world }: Actor, tree: string): Process {
  yield undefined;
  world.trees.delete(tree);
}
