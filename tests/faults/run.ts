/**
 * `npm run faults`: every command, with each kind of system call on its cache, source and destination failing in every
 * way at the first, the last and some calls in between. It takes an hour; `-- --only TEXT` plays the scenarios with
 * TEXT in their names, `--call NAME` only faults of that system call, `--failure PATTERN` only such as `EPERM|EXDEV`.
 */
import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { longScenarios, scenarios } from "./scenarios.ts";
import { Stage } from "./stage.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    call: { type: "string", default: "" },
    failure: { type: "string", default: "." },
    picks: { type: "string", default: "5" },
    stride: { type: "string", default: "1" },
    seed: { type: "string", default: "0" },
    "one-failure": { type: "boolean", default: false },
  },
});
const selection = {
  picks: Number(values.picks),
  everyFailure: !values["one-failure"],
  call: values.call,
  failure: new RegExp(values.failure),
  stride: Number(values.stride),
  seed: Number(values.seed),
};

const canCompile = Bun.which("cc") !== null;
let playedCount = 0;
let unreachedCount = 0;
let failedCount = 0;

function note(problems: readonly string[], report: string): void {
  if (problems.length === 0) return;
  failedCount += 1;
  writeSync(1, `${report}\n${problems.map((problem) => `  * ${problem}\n`).join("")}`);
}

const stage = new Stage();
try {
  for (const scenario of [...scenarios, ...longScenarios].filter(({ name }) => name.includes(values.only))) {
    await stage.play(scenario, selection, ({ isHit, problems, report }) => {
      playedCount += 1;
      if (!isHit) unreachedCount += 1;
      note(problems, report);
    });
    if (canCompile) note(await stage.playShort(scenario), `${scenario.name}: short reads and writes`);
    writeSync(1, `${scenario.name}: ${playedCount} faults so far\n`);
  }
} finally {
  stage.close();
}
writeSync(1, `${playedCount} faults, ${unreachedCount} of them not reached, ${failedCount} with problems\n`);
process.exit(failedCount === 0 ? 0 : 1);
