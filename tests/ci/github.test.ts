import { beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Finished, run } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { prepareProject } from "./project.ts";

const scratch = Scratch.use();
const root = join(import.meta.dir, "../..");

interface Action {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly outputs?: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly {
      readonly id?: string;
      readonly shell: string;
      readonly run: string;
      readonly env: Readonly<Record<string, string>>;
    }[];
  };
}

let project = "";
let path = "";
beforeEach(() => {
  ({ project, PATH: path } = prepareProject(scratch));
});

/** Runs a composite action as the runner does: inputs are put in place of expressions, then bash runs each step. */
function runAction(file: string, given: Readonly<Record<string, string>>) {
  const action = Bun.YAML.parse(readFileSync(join(root, file), "utf8")) as Action;
  const steps: Record<string, Record<string, string>> = {};
  const fillIn = (text: string): string =>
    text.replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (_, expression: string) => {
      const [context = "", name = "", , output = ""] = expression.split(".");
      if (context === "steps") return steps[name]?.[output] ?? "";
      const input = action.inputs[name];
      if (context !== "inputs" || input === undefined) throw new Error(`${file}: ${expression}`);
      if (input.required === true && given[name] === undefined) throw new Error(`${file}: no ${name}`);
      return given[name] ?? input.default ?? "";
    });
  let finished: Finished | undefined;
  for (const [index, step] of action.runs.steps.entries()) {
    const outputs = scratch.path(`outputs-${index}`);
    writeFileSync(outputs, "");
    const variables = Object.entries(step.env).map(([name, value]) => [name, fillIn(value)]);
    finished = run([step.shell, "--noprofile", "--norc", "-eo", "pipefail", "-c", step.run], {
      cwd: project,
      env: { ...Object.fromEntries(variables), PATH: path, GITHUB_OUTPUT: outputs },
    });
    const lines = readFileSync(outputs, "utf8").trimEnd().split("\n");
    steps[step.id ?? ""] = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)));
    if (finished.exitCode !== 0) break;
  }
  const outputs = Object.entries(action.outputs ?? {}).map(([name, { value }]) => [name, fillIn(value)]);
  return { ...must(finished), outputs: Object.fromEntries(outputs) };
}

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("an action without steps");
  return value;
}

const restore = (key: string, more: Readonly<Record<string, string>> = {}) =>
  runAction("action.yml", { cache: scratch.path("cache"), path: "node_modules\n  dist \n", key, ...more });
const save = (key: string) =>
  runAction("ci/github/save/action.yml", { cache: scratch.path("cache"), path: "node_modules\ndist", key });

test("a miss, a save, a hit, and a restore by prefix", () => {
  expect(restore("npm-1")).toMatchObject({
    exitCode: 0,
    outputs: { "cache-hit": "", "cache-primary-key": "npm-1", "cache-matched-key": "" },
  });
  for (const name of ["node_modules", "dist"]) {
    mkdirSync(join(project, name));
    writeFileSync(join(project, name, "file"), name);
  }
  expect(save("npm-1")).toMatchObject({ exitCode: 0 });
  for (const name of ["node_modules", "dist"]) rmSync(join(project, name), { recursive: true });

  expect(restore("npm-1")).toMatchObject({
    exitCode: 0,
    outputs: { "cache-hit": "true", "cache-primary-key": "npm-1", "cache-matched-key": "npm-1" },
  });
  expect(readFileSync(join(project, "dist", "file"), "utf8")).toBe("dist");

  expect(restore("npm-2", { "restore-keys": "yarn-\nnpm-\n" })).toMatchObject({
    exitCode: 0,
    outputs: { "cache-hit": "false", "cache-primary-key": "npm-2", "cache-matched-key": "npm-1" },
  });
});

test("a miss fails the step if that is wanted", () => {
  expect(restore("npm-1", { "fail-on-cache-miss": "true" })).toMatchObject({
    exitCode: 1,
    stdout: "::error::no cache entry for the key npm-1\n",
  });
});

test("a cache that cannot be used fails no job", () => {
  writeFileSync(scratch.path("cache"), "not a directory");
  expect(restore("npm-1")).toMatchObject({ exitCode: 0, outputs: { "cache-hit": "" } });
  mkdirSync(join(project, "node_modules"));
  mkdirSync(join(project, "dist"));
  expect(save("npm-1")).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("warning") });
});

test("nothing in an input is run, and no output is added", () => {
  restore('$(touch escaped)`touch escaped`"; touch escaped; "', { path: "$(touch escaped)" });
  expect(existsSync(join(project, "escaped"))).toBe(false);
  const { outputs } = restore("npm-1\ncache-hit=true");
  expect(outputs).toMatchObject({ "cache-hit": "" });
});
