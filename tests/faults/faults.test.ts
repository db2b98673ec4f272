import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeWith } from "../support/requirements.ts";
import { scenarios } from "./scenarios.ts";
import { Stage } from "./stage.ts";

/** So that it takes about a minute; `npm run faults` plays all of them. */
const SAMPLE = { picks: 1, everyFailure: false, call: "", failure: /./, stride: 4, seed: 20 };

describeWith(["linux", "strace", "taskset"], "where a system call fails", () => {
  let stage: Stage;
  beforeAll(() => {
    stage = new Stage();
  });
  afterAll(() => stage.close());

  for (const scenario of scenarios) {
    test(`${scenario.name} does its work or says why not, and harms nothing`, async () => {
      const failures: string[] = [];
      let hitCount = 0;
      await stage.play(scenario, SAMPLE, ({ isHit, problems, report }) => {
        if (isHit) hitCount += 1;
        if (problems.length > 0) failures.push([report, ...problems].join("\n"));
      });
      expect(failures).toEqual([]);
      expect(hitCount).toBeGreaterThan(0);
    });
  }
});
