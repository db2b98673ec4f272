import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { readGuide, readKit } from "./documents.ts";
import { problemsOf, type Schema } from "./open-api.ts";

const scratch = Scratch.use();

/** A directory with Tekton's own CustomResourceDefinitions, a file each; they are not a part of this project. */
const definitions = process.env["TEKTON_CRDS"] ?? "";
const FILES: Readonly<Record<string, string>> = {
  StepAction: "stepaction.yaml",
  Task: "task.yaml",
  Pipeline: "pipeline.yaml",
  PipelineRun: "pipelinerun.yaml",
};

interface Definition {
  readonly spec: { readonly versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
}

function schemaOf(kind: string, apiVersion: string): Schema {
  const file = readFileSync(join(definitions, FILES[kind] ?? ""), "utf8");
  const { spec } = Bun.YAML.parse(file) as Definition;
  const version = spec.versions.find(({ name }) => `tekton.dev/${name}` === apiVersion);
  if (version === undefined) throw new Error(`${kind} has no ${apiVersion}`);
  return version.schema.openAPIV3Schema;
}

interface Template {
  readonly resourcetemplates: { readonly apiVersion: string; readonly kind: string }[];
}

const documents = [...readKit(), ...readGuide()];
const templates = documents
  .filter(({ kind }) => kind === "TriggerTemplate")
  .flatMap(({ spec }) => (spec as unknown as Template).resourcetemplates)
  .map((template) => Object.assign({ file: "a trigger template" }, template));
const resources = [...documents, ...templates];

const needsDefinitions = [
  { name: "TEKTON_CRDS to name a directory with Tekton's definitions", isMet: () => existsSync(definitions) },
];

testWith(needsDefinitions, "every resource of Tekton's fits its schema", () => {
  const checked: string[] = [];
  for (const { file, ...resource } of resources) {
    if (!resource.apiVersion.startsWith("tekton.dev/")) continue;
    const problems = problemsOf(resource, schemaOf(resource.kind, resource.apiVersion));
    expect({ file, problems }).toEqual({ file, problems: [] });
    checked.push(resource.kind);
  }
  expect(new Set(checked)).toEqual(new Set(Object.keys(FILES)));
});

testWith(needsDefinitions, "the check finds mistakes", () => {
  const task = {
    apiVersion: "tekton.dev/v1",
    kind: "Task",
    metadata: {},
    spec: { steps: [{ name: "a", imge: "b" }] },
  };
  const schema = schemaOf("Task", "tekton.dev/v1");
  expect(problemsOf(task, schema)).toEqual([".spec.steps[0].imge: unknown field"]);
  expect(problemsOf({ ...task, spec: { steps: "none" } }, schema)).toEqual([
    ".spec.steps: not of type array",
  ]);
  const nameless = { spec: { workspaces: [{ description: "x" }] } };
  expect(problemsOf(nameless, schema)).toEqual([".spec.workspaces[0].name: missing"]);
});

testWith(["node"], "tekton-lint has nothing to say", () => {
  const root = join(import.meta.dir, "../..");
  // In the environment of a test it would always end with 0.
  const lint = (...files: string[]) =>
    run([join(root, "node_modules/.bin/tekton-lint"), "--max-warnings", "0", ...files], {
      cwd: root,
      env: { NODE_ENV: "" },
    });
  expect(lint("tekton/*.yaml")).toMatchObject({ exitCode: 0 });
  const task = readFileSync(join(root, "tekton/task-npm-test.yaml"), "utf8");
  writeFileSync(scratch.path("task.yaml"), task.replaceAll("$(params.key)", "$(params.kye)"));
  const mistaken = lint(scratch.path("task.yaml"));
  expect(mistaken.exitCode).toBe(1);
  expect(mistaken.stdout).toContain("Undefined param 'kye'");
});

test("only API versions that are current", () => {
  const current = {
    StepAction: "tekton.dev/v1beta1",
    Task: "tekton.dev/v1",
    Pipeline: "tekton.dev/v1",
    PipelineRun: "tekton.dev/v1",
    TriggerTemplate: "triggers.tekton.dev/v1beta1",
    EventListener: "triggers.tekton.dev/v1beta1",
    CronJob: "batch/v1",
    Secret: "v1",
  };
  for (const { kind, apiVersion } of resources) {
    expect({ kind, apiVersion }).toEqual({ kind, apiVersion: current[kind as keyof typeof current] });
  }
});

test("what refers to another resource finds it, and every cron job mounts or triggers what there is", () => {
  const names = (kind: string) => resources.filter((each) => each.kind === kind).map((each) => nameOf(each));
  const text = JSON.stringify(resources);
  for (const [pattern, kind] of [
    [/"pipelineRef":\{"name":"([^"]+)"/g, "Pipeline"],
    [/"taskRef":\{"name":"([^"]+)"/g, "Task"],
    [/"ref":\{"name":"([^"]+)"/g, "StepAction"],
    [/"template":\{"ref":"([^"]+)"/g, "TriggerTemplate"],
    [/http:\/\/el-([^."]+)\./g, "EventListener"],
  ] as const) {
    const referred = [...text.matchAll(pattern)].map((match) => match[1]);
    expect(referred.length).toBeGreaterThan(0);
    for (const name of referred) expect(names(kind)).toContain(name);
  }
});

function nameOf(resource: unknown): string | undefined {
  return (resource as { metadata?: { name?: string } }).metadata?.name;
}
