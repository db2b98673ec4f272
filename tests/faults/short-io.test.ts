import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeWith } from "../support/requirements.ts";
import { scenarios } from "./scenarios.ts";
import { Stage } from "./stage.ts";

describeWith(
  ["linux", "strace", "taskset", "cc"],
  "where every read and write does half of what was asked for",
  () => {
    let stage: Stage;
    beforeAll(() => {
      stage = new Stage();
    });
    afterAll(() => stage.close());

    for (const scenario of scenarios) {
      test(`${scenario.name} does its work`, async () => {
        expect(await stage.playShort(scenario)).toEqual([]);
      });
    }
  },
);
