import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TektonDocument } from "./documents.ts";

interface Named {
  readonly name: string;
}

/**
 * What a parameter stands for: a text, or a list, which is written `$(params.NAME[*])` and takes the place of one
 * argument.
 */
type Value = string | readonly string[];

interface Param extends Named {
  readonly value: Value;
}

interface Variable extends Named {
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef: { readonly name: string; readonly key: string; readonly optional?: boolean };
  };
}

interface Step extends Named {
  readonly image?: string;
  readonly ref?: Named;
  readonly params?: readonly Param[];
  readonly workingDir?: string;
  readonly script?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly results?: readonly Named[];
  readonly env?: readonly Variable[];
  readonly onError?: "continue";
  readonly when?: readonly {
    readonly input: string;
    readonly operator: "in" | "notin";
    readonly values: string[];
  }[];
}

interface Spec {
  readonly params?: readonly (Named & { readonly default?: Value })[];
  readonly steps: readonly Step[];
}

interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type StepOutcome = Named & (Finished | { readonly skipped: true });

/** Starts one container: the words, where, with which variables besides the image's (`NAME=value`), and in which image. */
type StartContainer = (
  image: string,
  words: readonly string[],
  workingDir: string,
  env: readonly string[],
) => Finished;

export interface TaskSetup {
  /** By name: where the workspace is inside of the containers. */
  readonly workspaces: Readonly<Record<string, string>>;
  /** Values for the task's parameters that have no default, or shall have another one. */
  readonly params?: Readonly<Record<string, string>>;
  readonly stepActions: readonly TektonDocument[];
  /** By name. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** A host directory that every container sees as `/tekton`. */
  readonly tekton: string;
  readonly start: StartContainer;
}

/**
 * Runs the steps of a task one after the other, as Tekton does: parameters, workspaces, results of steps, exit codes,
 * `when`, `onError`, `script`, `command` and `args`. After a step that fails, none is run.
 */
export function runTask(task: TektonDocument, setup: TaskSetup): StepOutcome[] {
  const spec = task.spec as unknown as Spec;
  const values = new Map<string, Value>();
  for (const { name, default: byDefault } of spec.params ?? []) {
    const value = setup.params?.[name] ?? byDefault;
    if (value === undefined) throw new Error(`the parameter ${name} is not given`);
    values.set(`params.${name}`, value);
  }
  for (const [name, path] of Object.entries(setup.workspaces)) values.set(`workspaces.${name}.path`, path);
  rmSync(setup.tekton, { recursive: true, force: true });
  mkdirSync(setup.tekton, { mode: 0o777 });

  const outcomes: StepOutcome[] = [];
  for (const declared of spec.steps) {
    const { name } = declared;
    if (!(declared.when ?? []).every((guard) => holds(guard, values))) {
      outcomes.push({ name, skipped: true });
      continue;
    }
    const finished = runStep(resolveReference(declared, values, setup), values, setup);
    outcomes.push({ name, ...finished });
    if (finished.exitCode !== 0 && declared.onError !== "continue") break;
  }
  return outcomes;
}

/** A step that refers to a step action is that action's, with the parameters filled in. */
function resolveReference(step: Step, values: ReadonlyMap<string, Value>, setup: TaskSetup): Step {
  if (step.ref === undefined) return substituted(step, values);
  const action = setup.stepActions.find(({ metadata }) => metadata.name === step.ref?.name);
  if (action === undefined) throw new Error(`there is no step action ${step.ref.name}`);
  const { params = [], ...rest } = action.spec as unknown as Step & Spec;
  const own = new Map<string, Value>();
  for (const param of params) {
    const given = step.params?.find(({ name }) => name === param.name)?.value;
    const value = given === undefined ? param.default : substituted(given, values);
    if (value === undefined) throw new Error(`${step.name}: the parameter ${param.name} is not given`);
    own.set(`params.${param.name}`, value);
  }
  for (const { name } of step.params ?? []) {
    if (!own.has(`params.${name}`))
      throw new Error(`${step.name}: ${step.ref.name} has no parameter ${name}`);
  }
  for (const { name } of rest.results ?? [])
    own.set(`step.results.${name}.path`, resultPath("/tekton", step.name, name));
  return { ...substituted(rest, own), name: step.name };
}

function runStep(step: Step, values: Map<string, Value>, setup: TaskSetup): Finished {
  const { name, image = "", workingDir = "/", args = [] } = step;
  for (const result of step.results ?? []) {
    writeFileSync(resultPath(setup.tekton, name, result.name), "", { mode: 0o666 });
    Bun.spawnSync(["chmod", "666", resultPath(setup.tekton, name, result.name)]);
  }
  let words = [...(step.command ?? []), ...args];
  if (step.script !== undefined) {
    const script = `script-${name}`;
    writeFileSync(join(setup.tekton, script), step.script, { mode: 0o755 });
    words = [`/tekton/${script}`, ...args];
  }
  const finished = setup.start(image, words, workingDir, variablesOf(step, setup));
  writeFileSync(join(setup.tekton, `exit-${name}`), String(finished.exitCode));
  values.set(`steps.step-${name}.exitCode.path`, `/tekton/exit-${name}`);
  for (const result of step.results ?? []) {
    const value = readFileSync(resultPath(setup.tekton, name, result.name), "utf8");
    values.set(`steps.${name}.results.${result.name}`, value);
  }
  return finished;
}

/** Kubernetes leaves out what is optional and missing. */
function variablesOf({ name, env = [] }: Step, { secrets = {} }: TaskSetup): string[] {
  return env.flatMap((variable) => {
    const { secretKeyRef } = variable.valueFrom ?? {};
    const value =
      secretKeyRef === undefined ? variable.value : secrets[secretKeyRef.name]?.[secretKeyRef.key];
    if (value === undefined && secretKeyRef?.optional !== true)
      throw new Error(`${name}: there is no value for ${variable.name}`);
    return value === undefined ? [] : [`${variable.name}=${value}`];
  });
}

function resultPath(tekton: string, step: string, result: string): string {
  return `${tekton}/result-${step}-${result}`;
}

function holds(guard: NonNullable<Step["when"]>[number], values: ReadonlyMap<string, Value>): boolean {
  return guard.values.includes(substituted(guard.input, values)) === (guard.operator === "in");
}

/** Replaces `$(…)` in every text of a value; what nobody knows is a mistake, but for the shell's own. */
function substituted<Part>(part: Part, values: ReadonlyMap<string, Value>): Part {
  if (typeof part === "string") {
    return part.replaceAll(/\$\(([\w.-]+)(\[\*\])?\)/g, (whole, name: string, isList?: string) => {
      const known = values.get(name);
      if (known === undefined && name.includes(".")) throw new Error(`nothing is known of ${whole}`);
      if (typeof known === "object" || isList !== undefined)
        throw new Error(`${whole} stands where no list can be`);
      return known ?? whole;
    }) as Part;
  }
  if (Array.isArray(part))
    return part.flatMap((item) => listOf(item, values) ?? [substituted(item, values)]) as Part;
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, field]) => [name, substituted(field, values)]),
  ) as Part;
}

/** Of an item that is nothing but a list. */
function listOf(item: unknown, values: ReadonlyMap<string, Value>): readonly string[] | undefined {
  const name = typeof item === "string" ? /^\$\(([\w.-]+)\[\*\]\)$/.exec(item)?.[1] : undefined;
  const known = name === undefined ? undefined : values.get(name);
  return typeof known === "object" ? known : undefined;
}
