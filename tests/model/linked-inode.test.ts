/**
 * What users of linked trees do to a file while restores look at its object: no tree gets wrong bytes or attributes,
 * and no two trees share build state. Leaving out any step of the restores has to be noticed.
 */
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  type Actor,
  alter,
  edit,
  LinkedWorld,
  MEND_STEPS,
  type MendStep,
  remove,
  restoreFile,
} from "./linked-inode.ts";
import type { Pause, Process } from "./process.ts";

const RUNS = 10_000;
const MUTANT_RUNS = 500_000;
/** Of a hundred choices, how many kill. */
const KILL_PERCENT = 2;

const choices = fc.array(fc.nat(9999), { minLength: 40, maxLength: 120, size: "max" });

interface Running {
  readonly name: string;
  readonly process: Process;
  pause: Pause;
}

/** Lets restores and users take steps in an order that is chosen; returns what went wrong. */
function problemsOf(made: readonly number[], omitted?: MendStep): string[] {
  let next = 0;
  const choose = (limit: number): number => (made[next++] ?? 0) % limit;
  const world = new LinkedWorld();
  const running: Running[] = [];
  const restores = ["one", "two", "three"];
  const start = (name: string, begin: (actor: Actor) => Process): void => {
    const actor = { world, name, omits: (step: MendStep) => step === omitted };
    running.push({ name, process: begin(actor), pause: undefined });
  };
  if (choose(2) === 0 && world.object !== undefined) world.trees.set("zero", world.object);
  for (const name of restores) start(name, restoreFile);
  const trees = ["zero", ...restores];
  for (let user = 1; user <= 3; user++) {
    const tree = trees[choose(trees.length)] ?? "zero";
    const removes = choose(2) === 0;
    const act = [alter, edit, edit, remove][choose(4)] ?? alter;
    start(`user ${user}`, (actor) => act(actor, tree, removes));
  }
  const stayTenths = [0, 6, 9][choose(3)] ?? 0;
  let last: Running | undefined;
  while (running.length > 0 && world.violations.length === 0) {
    const ready = running.filter(({ pause }) => pause?.() ?? true);
    if (ready.length === 0) return ["all wait for each other"];
    const stays = last !== undefined && ready.includes(last) && choose(10) < stayTenths;
    const chosen: Running | undefined = stays ? last : ready[choose(ready.length)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    last = chosen;
    world.now += 1;
    const isKilled = restores.includes(chosen.name) && choose(100) >= 100 - KILL_PERCENT;
    const { done, value } = isKilled ? { done: true, value: undefined } : chosen.process.next();
    chosen.pause = value ?? undefined;
    if (done !== true) continue;
    running.splice(running.indexOf(chosen), 1);
    world.end(chosen.name);
  }
  return world.violations;
}

test(`in ${RUNS} interleavings no tree gets what it must not have`, () => {
  fc.assert(
    fc.property(choices, (made) => {
      expect(problemsOf(made)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 600_000);

for (const step of MEND_STEPS) {
  test(`leaving out a step is noticed: ${step}`, () => {
    const isSound = fc.property(choices, (made) => problemsOf(made, step).length === 0);
    const { counterexample } = fc.check(isSound, { numRuns: MUTANT_RUNS, endOnFailure: true });
    const [made] = counterexample ?? [];
    expect({ step, isNoticed: made !== undefined }).toEqual({ step, isNoticed: true });
    expect(problemsOf(made ?? [])).toEqual([]);
  }, 600_000);
}
