import { expect } from "bun:test";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { expectLikeCopies, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

const source = (answer: number) => ({
  "src/main/java/program/Main.java": `package program; public class Main { public static void main(String[] w) { System.out.println(${answer}); } }\n`,
});

testWith(
  ["gradle", "javac"],
  "Gradle: two checkouts of one entry have build histories of their own",
  async () => {
    const env = { GRADLE_USER_HOME: scratch.path("home") };
    const build =
      "gradle --offline --no-daemon --console=plain --project-cache-dir state/.gradle classes".split(" ");
    const show = ["java", "-cp", "state/build/classes/java/main", "program.Main"];
    const { answers, shared } = await expectLikeCopies(scratch, {
      stored: "state",
      env,
      prepare(project) {
        writeFiles(project, {
          "settings.gradle": "rootProject.name = 'program'\n",
          "build.gradle": "apply plugin: 'java'\nbuildDir = 'state/build'\n",
          ...source(1),
        });
        must(build, { cwd: project, env });
      },
      steps: [
        { at: "a", edit: (project) => writeFiles(project, source(2)) },
        { at: "a", run: build },
        { at: "b", run: build },
        { at: "a", run: build },
        { at: "b", run: show },
        { at: "a", run: show },
      ],
      withoutTimes: (output) => output.replaceAll(/ in \d+.*/g, ""),
      // Databases that contain times, and locks with the numbers of processes.
      random: /^state\/\.gradle\//,
    });
    const [inA, , inAgain, ...shown] = answers.map(({ output }) => output);
    expect(inA).toMatch(/^:compileJava$/m);
    expect(inAgain).toMatch(/^:compileJava UP-TO-DATE$/m);
    expect(shown).toEqual(["1\n", "2\n"]);
    expect(shared).toEqual([]);
  },
);
