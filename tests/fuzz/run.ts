/**
 * Mutates archives and caches at random until the time is up or the number of cases is reached, and reports faults: a
 * write outside, an internal error, a hang, too much memory. `--only KIND/NUMBER` with the same seed repeats one
 * case.
 */
import { mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../support/executable.ts";
import { CASE_KINDS, type CaseKind, type CaseRunner, prepareCases } from "./run-cases.ts";

/** The executable takes a thousand times as long as a decoder. */
const CASES_PER_ROUND: Readonly<Record<CaseKind, number>> = {
  archive: 500,
  format: 500,
  cache: 4,
  import: 2,
};
const MOST_REPORTED = 20;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    cases: { type: "string", default: "Infinity" },
    seed: { type: "string", default: `${crypto.getRandomValues(new Uint32Array(1))[0]}` },
    only: { type: "string" },
  },
});
const seed = Number(values.seed);
const failures: string[] = [];

async function attempt(runCase: CaseRunner, kind: CaseKind, number: number): Promise<void> {
  try {
    await runCase(kind, number);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    failures.push(`${kind}/${number}`);
    print(`--seed ${seed} --only ${kind}/${number}\n${text}\n`);
  }
}

async function runAll(runCase: CaseRunner): Promise<number> {
  const endMs = Date.now() + Number(values.minutes) * 60_000;
  let caseCount = 0;
  for (let round = 0; Date.now() < endMs && caseCount < Number(values.cases); round++) {
    for (const kind of CASE_KINDS) {
      const perRound = CASES_PER_ROUND[kind];
      for (let number = round * perRound; number < (round + 1) * perRound; number++) {
        await attempt(runCase, kind, number);
        caseCount += 1;
        if (failures.length === MOST_REPORTED) return caseCount;
      }
    }
  }
  return caseCount;
}

function print(line: string): void {
  writeSync(1, `${line}\n`);
}

const scratch = mkdtempSync(join(tmpdir(), "btdt-fuzz-"));
print(`seed ${seed}`);
try {
  const runCase = await prepareCases(scratch, seed);
  const [kind, number] = values.only?.split("/") ?? [];
  const caseCount =
    kind === undefined
      ? await runAll(runCase)
      : await attempt(runCase, kind as CaseKind, Number(number)).then(() => 1);
  print(`${caseCount} cases, ${failures.length} failed, seed ${seed}`);
} finally {
  run(["chmod", "-R", "u+rwX", scratch]);
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(failures.length === 0 ? 0 : 1);
