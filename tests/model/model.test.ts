/**
 * The protocol of `docs/concurrency.md` as steps in memory, in many thousands of orders, killed at any step. Leaving
 * out any step has to be noticed. `npm run model` tries many more.
 */
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { choices, problemsOf } from "./choices.ts";
import { STEPS } from "./process.ts";

const RUNS = 10_000;
const MUTANT_RUNS = 200_000;

test(`in ${RUNS} interleavings each key is whole at every step, nothing sound is a miss, and nothing is left`, () => {
  fc.assert(
    fc.property(choices, (made) => {
      expect(problemsOf(made)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 600_000);

for (const step of STEPS) {
  test(`leaving out a step is noticed: ${step}`, () => {
    const isSound = fc.property(choices, (made) => problemsOf(made, step).length === 0);
    const { counterexample } = fc.check(isSound, { numRuns: MUTANT_RUNS, endOnFailure: true });
    const [made] = counterexample ?? [];
    expect({ step, isNoticed: made !== undefined }).toEqual({ step, isNoticed: true });
    // It is this step whose lack shows.
    expect(problemsOf(made ?? [], step)).not.toEqual([]);
    expect(problemsOf(made ?? [])).toEqual([]);
  }, 600_000);
}
