import { expect } from "bun:test";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { expectLikeCopies, playLinked, type Trial, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

/** As CMake's custom commands, with `restat`: what the log says decides what is out of date. */
const FILES = {
  "build.ninja": `builddir = build
rule compile
  command = tr a-z A-Z < $in > $out.new && mv $out.new $out
  description = compile $in
  restat = 1
build build/one.out: compile one.in
build build/two.out: compile two.in
`,
  "one.in": "one\n",
  "two.in": "two\n",
};

const EDITED_IN_BOTH: Trial["steps"] = [
  { at: "a", edit: (project) => writeFiles(project, { "one.in": "one of a\n" }) },
  { at: "b", edit: (project) => writeFiles(project, { "one.in": "one of b\n" }) },
  { at: "b", run: ["ninja"] },
  { at: "a", run: ["ninja"] },
  { at: "a", run: ["cat", "build/one.out", "build/two.out"] },
  { at: "b", run: ["cat", "build/one.out", "build/two.out"] },
  { at: "a", run: ["ninja"] },
  { at: "b", run: ["ninja"] },
];

const trial: Trial = {
  stored: "build",
  prepare(project) {
    writeFiles(project, FILES);
    must(["ninja"], { cwd: project });
  },
  steps: EDITED_IN_BOTH,
  // It has the times of each command.
  random: /^build\/\.ninja_log$/,
};

testWith(["ninja"], "ninja builds in A what was edited there, after B was built", async () => {
  const { answers, shared } = await expectLikeCopies(scratch, trial);
  expect(answers[1]?.output).toContain("compile one.in");
  expect(answers.slice(2).map(({ output }) => output)).toEqual([
    "ONE OF A\nTWO\n",
    "ONE OF B\nTWO\n",
    "ninja: no work to do.\n",
    "ninja: no work to do.\n",
  ]);
  expect(shared).toEqual([]);
});

testWith(["ninja"], "with everything linked, ninja has nothing to do in A, whose output is old", async () => {
  const { control, linked } = await playLinked(scratch, trial);
  expect(control.answers[2]?.output).toBe("ONE OF A\nTWO\n");
  expect(linked.answers[1]?.output).toBe("ninja: no work to do.\n");
  expect(linked.answers[2]?.output).toBe("ONE\nTWO\n");
});
