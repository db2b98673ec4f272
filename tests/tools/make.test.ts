import { expect } from "bun:test";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { atOnePlace } from "./one-place.ts";
import { expectLikeCopies, type Trial, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

/** Two objects, a library that `ar` updates in place, and output that the shell writes in place. */
const MAKEFILE = `CFLAGS = -MMD
all: build/program build/copy.txt
build/program: build/main.o build/library.a
\tcc -o $@ $^
build/library.a: build/library.o
\tar r $@ $^
build/copy.txt: library.c
\tcat $< > $@
build/%.o: %.c
\tcc $(CFLAGS) -c -o $@ $<
-include build/main.d build/library.d
`;
const LIBRARY = '#include "answer.h"\nint answer(void) { return ANSWER; }\n';

const PROGRAM = {
  "main.c": "int answer(void);\nint main(void) { return answer(); }\n",
  "library.c": LIBRARY,
  "answer.h": "#define ANSWER 1\n",
};

function steps(build: readonly string[]): Trial["steps"] {
  return [
    { at: "a", run: build },
    { at: "b", run: build },
    { at: "a", edit: (project) => writeFiles(project, { "answer.h": "#define ANSWER 2\n" }) },
    { at: "b", edit: (project) => writeFiles(project, { "library.c": `// B\n${LIBRARY}` }) },
    { at: "b", run: build },
    { at: "a", run: build },
    { at: "a", run: ["build/program"] },
    { at: "b", run: ["build/program"] },
    { at: "a", run: build },
    { at: "b", run: build },
    { at: "a", edit: (project) => writeFiles(project, { "main.c": "broken" }) },
    { at: "b", run: build },
    { at: "a", run: build },
  ];
}

testWith(["make", "gcc"], "make builds in each checkout what was edited there", async () => {
  const build = ["make", "--no-print-directory"];
  const { answers, shared } = await expectLikeCopies(scratch, {
    stored: "build",
    prepare(project) {
      writeFiles(project, { ...PROGRAM, Makefile: MAKEFILE });
      scratch.directory("origin", "o", "build");
      must(build, { cwd: project });
    },
    steps: steps(build),
  });
  expect(answers[0]?.output).toContain("Nothing to be done");
  expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 2, 1, 0, 0, 0, 2]);
  expect(shared).toEqual([]);
});

const CMAKE = `cmake_minimum_required(VERSION 3.10)
project(trial C)
add_library(library STATIC library.c)
add_executable(program main.c)
target_link_libraries(program library)
`;

// CMake refuses a build directory of another path, so each checkout is at the same place, as in a container.
for (const [generator, tool] of [
  ["Unix Makefiles", "make"],
  ["Ninja", "ninja"],
] as const) {
  testWith(
    ["cmake", tool, "gcc", "mount"],
    `CMake with ${tool} builds in each checkout what was edited there`,
    async () => {
      const place = scratch.directory("place");
      const build = atOnePlace(place, ["cmake", "--build", "build"]);
      const { answers, shared } = await expectLikeCopies(scratch, {
        stored: "build",
        prepare(project) {
          writeFiles(project, { ...PROGRAM, "CMakeLists.txt": CMAKE });
          must(atOnePlace(place, ["cmake", "-G", generator, "-S", ".", "-B", "build"]), { cwd: project });
          must(build, { cwd: project });
        },
        steps: [...steps(build), { at: "a", run: atOnePlace(place, ["cmake", "-S", ".", "-B", "build"]) }],
        withoutTimes: (output) => output.replaceAll(/\(\d+\.\d+s\)/g, "(N s)"),
        random: /\/\.ninja_log$|\/\.ninja_deps$/,
      });
      expect(answers[0]?.output).not.toContain("Building");
      expect(answers.map(({ exitCode }) => exitCode !== 0)).toEqual(
        [0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0].map(Boolean),
      );
      expect(shared).toEqual([]);
    },
  );
}
