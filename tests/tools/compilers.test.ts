/** Compilers that write in place, or that note what they have used. */
import { expect } from "bun:test";
import { join } from "node:path";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { expectLikeCopies, writeFiles } from "./trial.ts";

const scratch = Scratch.use();
const TSC = join(import.meta.dir, "../../node_modules/.bin/tsc");

testWith(["node"], "tsc writes its output in place, in each checkout its own", async () => {
  const build = [TSC, "--build"];
  const show = ["node", "dist/main.js"];
  const { answers, shared } = await expectLikeCopies(scratch, {
    stored: "dist",
    prepare(project) {
      writeFiles(project, {
        "tsconfig.json": JSON.stringify({
          compilerOptions: {
            outDir: "dist",
            rootDir: ".",
            incremental: true,
            tsBuildInfoFile: "dist/info",
            types: [],
          },
          files: ["main.ts", "library.ts"],
        }),
        "package.json": '{ "type": "module" }\n',
        "library.ts": "export const answer: number = 1;\n",
        "main.ts": 'import { answer } from "./library.js";\nconsole.log(answer);\n',
      });
      // Without types for the console, which come from a package.
      writeFiles(project, {
        "main.ts":
          'import { answer } from "./library.js";\ndeclare const console: { log(x: number): void };\nconsole.log(answer);\n',
      });
      must(build, { cwd: project });
    },
    steps: [
      {
        at: "a",
        edit: (project) => writeFiles(project, { "library.ts": "export const answer: number = 2;\n" }),
      },
      { at: "a", run: build },
      { at: "b", run: build },
      { at: "b", run: show },
      { at: "a", run: show },
      {
        at: "b",
        edit: (project) => writeFiles(project, { "library.ts": 'export const answer: string = "3";\n' }),
      },
      { at: "b", run: build },
      { at: "a", run: build },
      { at: "a", run: show },
    ],
  });
  expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 2, 0, 0]);
  expect(answers[2]?.output).toBe("1\n");
  expect(answers[6]?.output).toBe("2\n");
  expect(shared).toEqual([]);
});

testWith(["javac"], "javac writes its output in place, in each checkout its own", async () => {
  const source = (answer: number) =>
    `class Main { public static void main(String[] words) { System.out.println(${answer}); } }\n`;
  const build = ["javac", "-d", "classes", "Main.java"];
  const show = ["java", "-cp", "classes", "Main"];
  const { answers, shared } = await expectLikeCopies(scratch, {
    stored: "classes",
    prepare(project) {
      writeFiles(project, { "Main.java": source(1) });
      must(build, { cwd: project });
    },
    steps: [
      { at: "a", edit: (project) => writeFiles(project, { "Main.java": source(2) }) },
      { at: "a", run: build },
      { at: "b", run: show },
      { at: "a", run: show },
    ],
  });
  expect(answers.slice(1).map(({ output }) => output)).toEqual(["1\n", "2\n"]);
  expect(shared).toEqual([]);
});

testWith(
  ["ccache", "gcc"],
  "ccache notes what it has used, in each checkout its own; the entry stays a hit",
  async () => {
    const build = ["sh", "-c", "CCACHE_DIR=$PWD/.ccache CCACHE_BASEDIR=$PWD ccache gcc -c main.c -o main.o"];
    const count = [
      "sh",
      "-c",
      "CCACHE_DIR=$PWD/.ccache ccache --print-stats | grep -E '^(direct_cache_hit|cache_miss)'",
    ];
    const { answers, shared } = await expectLikeCopies(scratch, {
      stored: ".ccache",
      prepare(project) {
        writeFiles(project, { "main.c": "int main(void) { return 0; }\n" });
        must(build, { cwd: project });
        must(["find", ".ccache", "-type", "f", "-exec", "touch", "-d", "2 days ago", "{}", "+"], {
          cwd: project,
        });
      },
      steps: [
        { at: "a", run: build },
        { at: "a", run: build },
        { at: "b", run: count },
        { at: "b", run: build },
        { at: "a", edit: (project) => writeFiles(project, { "main.c": "int main(void) { return 1; }\n" }) },
        { at: "a", run: build },
        { at: "b", run: count },
        { at: "a", run: count },
      ],
      random: /^\.ccache\//,
    });
    const counts = answers.filter(({ output }) => output.includes("cache_miss"));
    expect(counts.map(({ output }) => output.replaceAll(/\s+/g, " ").trim())).toEqual([
      "cache_miss 1 direct_cache_hit 0",
      "cache_miss 1 direct_cache_hit 1",
      "cache_miss 2 direct_cache_hit 2",
    ]);
    expect(shared).toEqual([]);
  },
);
