import { expect } from "bun:test";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { expectLikeCopies, playLinked, type Trial, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

const MAIN =
  'fn main() {\n    println!("{}", library::answer());\n}\n\n#[test]\nfn answers() {\n    assert_eq!(library::answer(), 42);\n}\n';
const SEVEN = "pub fn answer() -> u32 {\n    7\n}\n";

/** A workspace of two crates without dependencies, so that no registry is needed. */
const FILES = {
  "Cargo.toml": '[workspace]\nmembers = ["app", "library"]\nresolver = "2"\n',
  "library/Cargo.toml":
    '[package]\nname = "library"\nversion = "0.1.0"\nedition = "2021"\n[lib]\ndoctest = false\n',
  "library/src/lib.rs": "pub fn answer() -> u32 {\n    42\n}\n",
  "app/Cargo.toml":
    '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\nlibrary = { path = "../library" }\n',
  "app/src/main.rs": MAIN,
};

function trial(steps: Trial["steps"], more: Readonly<Record<string, string>> = {}): Trial {
  const env = {
    ...more,
    CARGO_HOME: scratch.path("cargo-home"),
    CARGO_TERM_COLOR: "never",
    // Several at a time report in any order.
    CARGO_BUILD_JOBS: "1",
    RUST_BACKTRACE: "0",
  };
  return {
    stored: "target",
    env,
    prepare(project) {
      writeFiles(project, FILES);
      must(["cargo", "build", "--offline", "--quiet"], { cwd: project, env });
      must(["cargo", "test", "--offline", "--quiet", "--no-run"], { cwd: project, env });
    },
    steps,
    withoutTimes: (output) => output.replaceAll(/in \d+\.\d+s|thread '\w+' \(\d+\)/g, "N"),
    random: /^target\/debug\/incremental\/./,
  };
}

const BUILD = ["cargo", "build", "--offline"];
const TEST = ["cargo", "test", "--offline"];

const BROKEN_IN_A: Trial["steps"] = [
  { at: "a", edit: (project) => writeFiles(project, { "app/src/main.rs": "fn main() {\n" }) },
  { at: "b", edit: (project) => writeFiles(project, { "app/src/main.rs": `// B\n${MAIN}` }) },
  { at: "b", run: BUILD },
  { at: "b", run: TEST },
  { at: "a", run: BUILD },
  { at: "a", run: TEST },
];

testWith(["cargo"], "cargo sees in A that A's code does not compile, after B was built", async () => {
  const { answers, shared } = await expectLikeCopies(scratch, trial(BROKEN_IN_A));
  expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 101, 101]);
  expect(shared).toEqual([]);
});

testWith(
  ["cargo"],
  "cargo has nothing to do in either checkout before an edit, and the right things after it",
  async () => {
    const { answers } = await expectLikeCopies(
      scratch,
      trial(
        [
          { at: "a", run: BUILD },
          { at: "b", run: BUILD },
          { at: "a", edit: (project) => writeFiles(project, { "library/src/lib.rs": SEVEN }) },
          { at: "a", run: ["cargo", "run", "--offline"] },
          { at: "b", run: ["cargo", "run", "--offline"] },
          { at: "b", run: ["cargo", "clean", "--offline", "-p", "library"] },
          { at: "b", run: ["cargo", "run", "--offline"] },
          { at: "a", run: TEST },
          { at: "b", run: TEST },
        ],
        // Compiled incrementally, a library differs from run to run.
        { CARGO_INCREMENTAL: "0" },
      ),
    );
    expect(answers[0]?.output).not.toContain("Compiling");
    expect(answers[2]?.output).toContain("7\n");
    expect(answers[3]?.output).toContain("42\n");
    expect(answers.slice(-2).map(({ exitCode }) => exitCode)).toEqual([101, 0]);
  },
);

testWith(
  ["cargo"],
  "with everything linked, cargo believes in A that it has compiled code that does not compile",
  async () => {
    const { control, linked } = await playLinked(scratch, trial(BROKEN_IN_A));
    expect(control.answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 101, 101]);
    expect(linked.answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(linked.intrusions).not.toEqual([]);
  },
);
