/** `npm run model -- --runs N [--seed S]`: many more interleavings than the tests have time for. */
import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import * as fc from "fast-check";
import { choices, problemsOf } from "./choices.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "100000" }, seed: { type: "string" } },
});
const [numRuns, seed] = [Number(values.runs), Number(values.seed ?? Date.now() % 2 ** 31)];
writeSync(1, `model: ${numRuns} interleavings, seed ${seed}\n`);
const isSound = fc.property(choices, (made) => problemsOf(made).length === 0);
const { counterexample } = fc.check(isSound, { numRuns, seed, endOnFailure: true });
const [made] = counterexample ?? [];
if (made !== undefined) {
  writeSync(1, `wrong: ${problemsOf(made).join(", ")}\n  ${JSON.stringify(made)}\n`);
  writeSync(1, `again: npm run model -- --runs ${numRuns} --seed ${seed}\n`);
}
writeSync(1, `${made === undefined ? 0 : 1} wrong\n`);
process.exit(made === undefined ? 0 : 1);
