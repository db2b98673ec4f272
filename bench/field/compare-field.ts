import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Contender, measure } from "../measure.ts";
import { say } from "../report.ts";
import type { Comparison } from "../results.ts";
import { timeRun } from "../timed-run.ts";
import { FIELD_TOOLS, type FieldTool } from "./tools.ts";

interface FieldBench {
  readonly btdt: string;
  readonly source: string;
  /** The directory in which npm made the tree that `source` is a copy of. */
  readonly installed: string;
  /** An empty directory on the file system of the source. */
  readonly work: string;
  readonly rounds: number;
}

interface FieldResult {
  readonly comparison: Comparison;
  /** What was measured: `restic 0.14.0`. */
  readonly versions: readonly string[];
}

/** Compares how long btdt and other tools take to recreate a tree. What is missing or fails is left out. */
export function compareField(bench: FieldBench): FieldResult {
  const { btdt, source, rounds } = bench;
  const caches = ["objects", "packs"].map((storage) => {
    const cache = join(bench.work, `btdt-${storage}`);
    timeRun([
      btdt,
      "store",
      "--create-cache",
      `--storage=${storage}`,
      "--keys=tree",
      "--cache",
      cache,
      source,
    ]);
    return cache;
  });
  const restores = ["btdt restore", "btdt restore from packs"].map((name, index): Contender => {
    const words = [btdt, "restore", "--keys=tree", "--cache", caches[index] ?? ""];
    if (index > 0) words.push("--link=copy");
    // By its name, its files are package contents, which are linked.
    return {
      name,
      command: words,
      prepare: (round) => mkdirSync(targetOf(bench, name, round)),
      extraWords: (round) => [join(targetOf(bench, name, round), "node_modules")],
    };
  });
  const tools = FIELD_TOOLS.filter((tool) => isReady(bench, tool));
  const contenders = [...restores, ...tools.map((tool) => contend(bench, tool))];
  const measurements = measure(contenders, rounds);
  return {
    comparison: { kind: "times", title: "Recreate the tree", measurements },
    versions: [...new Set(tools.map(describeVersion))],
  };
}

function contend(bench: FieldBench, tool: FieldTool): Contender {
  return {
    name: tool.name,
    command: ["env", ...environmentOf(bench, tool), "sh", "-c", `cd "$0" && ${tool.restore}`],
    prepare: (round) => mkdirSync(targetOf(bench, tool.name, round)),
    extraWords: (round) => [targetOf(bench, tool.name, round)],
  };
}

function isReady(bench: FieldBench, tool: FieldTool): boolean {
  if (Bun.which(tool.program) === null) {
    say(`left out: ${tool.name}, which is not installed`);
    return false;
  }
  mkdirSync(workOf(bench, tool));
  const failure = tryShell(tool.prepare, environmentOf(bench, tool));
  if (failure !== undefined) say(`left out: ${tool.name}: ${failure.trim().split("\n").at(-1) ?? ""}`);
  return failure === undefined;
}

function environmentOf(bench: FieldBench, tool: FieldTool): string[] {
  return [`source=${bench.source}`, `work=${workOf(bench, tool)}`, `installed=${dirname(bench.installed)}`];
}

function workOf({ work }: FieldBench, { name }: FieldTool): string {
  return join(work, `${nameInPath(name)}-work`);
}

function targetOf({ work }: FieldBench, name: string, round: number): string {
  return join(work, `${nameInPath(name)}-${round}`);
}

function nameInPath(name: string): string {
  return name.replaceAll(/\W+/g, "-");
}

function describeVersion({ program, versionOption = "--version" }: FieldTool): string {
  const { stdout } = Bun.spawnSync([program, versionOption]);
  const version =
    /v?(\d+(?:\.\d+)+)/.exec(stdout.toString())?.[1] ?? /\d+/.exec(stdout.toString())?.[0] ?? "";
  return `${program} ${version}`;
}

/** Returns what it says if it fails. */
function tryShell(script: string, environment: readonly string[]): string | undefined {
  const run = Bun.spawnSync(["env", ...environment, "sh", "-c", script], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return run.exitCode === 0 ? undefined : run.stderr.toString();
}
