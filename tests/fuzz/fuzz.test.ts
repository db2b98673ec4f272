import { test } from "bun:test";
import { Scratch } from "../support/scratch.ts";
import { type CaseKind, prepareCases } from "./run-cases.ts";

const scratch = Scratch.use();
/** In the long run, a different seed each day finds more than the same one every day. */
const SEED = Math.floor(Date.now() / (24 * 60 * 60 * 1000));
const COUNTS: Readonly<Record<CaseKind, number>> = { archive: 2000, format: 2000, cache: 24, import: 12 };

for (const [kind, count] of Object.entries(COUNTS) as [CaseKind, number][]) {
  test(`${count} cases of ${kind}, seed ${SEED}: an answer or a clear error, and nothing outside`, async () => {
    const runCase = await prepareCases(scratch.directory("fuzz"), SEED);
    for (let number = 0; number < count; number++) {
      await runCase(kind, number).catch((error: unknown) => {
        throw new Error(`npm run fuzz -- --seed ${SEED} --only ${kind}/${number}`, { cause: error });
      });
    }
  });
}
