import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

/**
 * What a hit of `restore` loads, step by step; the entry points of each step are imported on demand, after those of the
 * ones before. Most other commands need most of it.
 */
const STAGES: readonly (readonly string[])[] = [
  ["src/run-command.ts"],
  ["src/cli/commands/restore.ts"],
  [
    "src/entry/load-trees.ts",
    "src/restore/cache-use.ts",
    "src/restore/describe-targets.ts",
    "src/restore/place-entry.ts",
  ],
];

/** They answer before the first stage, and need little of it. */
const BEFORE_STAGES: ReadonlySet<string> = new Set(["src/main.ts", "src/read/hash-at-once.ts"]);

/** The command that needs no cache, and what it loads: only the first stage is for these. */
const isForHash = (entry: string): boolean =>
  entry === "src/cli/commands/hash.ts" || entry.startsWith("src/read/");

type Inputs = Bun.BuildMetafile["inputs"];

/**
 * The bundler puts two modules into one piece only if whatever loads one of them loads the other, which leaves a
 * restore with seventy pieces. Here, whatever needs a module of a stage first imports all of that stage, so that a
 * stage becomes a few pieces: each takes time to load.
 * @param inputs all modules, with what they import
 */
export function loadInStages(inputs: Inputs, root: string): Bun.BunPlugin {
  const stages = listStages(inputs);
  const stagesOf = (entry: string): number[] => {
    if (BEFORE_STAGES.has(entry)) return [];
    const needed = new Set(listStaticImports(inputs, [entry]));
    const offered = isForHash(entry) ? stages.slice(0, 1) : stages;
    return [...offered.keys()].filter((stage) => stages[stage]?.some((file) => needed.has(file)));
  };
  const neededStages = new Map(listEntries(inputs).map((entry) => [entry, stagesOf(entry)]));
  return {
    name: "load-in-stages",
    setup(build) {
      build.onResolve({ filter: /^stage:/ }, ({ path }) => ({
        path: path.slice("stage:".length),
        namespace: "stage",
      }));
      // No absolute paths in the modules: the same bytes are built in any directory.
      build.onResolve({ filter: /^staged:/ }, ({ path }) => ({
        path: join(root, path.slice("staged:".length)),
      }));
      build.onLoad({ filter: /.*/, namespace: "stage" }, ({ path }) => ({
        contents: (stages[Number(path)] ?? []).map((file) => `import "staged:${file}";`).join("\n"),
        loader: "ts",
      }));
      build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
        const needed = neededStages.get(relative(root, path)) ?? [];
        const imports = needed.map((stage) => `import "stage:${stage}";`);
        // On the first line, so that all lines keep their numbers.
        return { contents: imports.join("") + readFileSync(path, "utf8"), loader: "ts" };
      });
    },
  };
}

/** The modules of each stage that are in none before it, without its entry points. */
function listStages(inputs: Inputs): string[][] {
  const known = new Set<string>();
  return STAGES.map((entries) => {
    const isNew = (file: string): boolean =>
      file.startsWith("src/") && !known.has(file) && !entries.includes(file);
    const files = listStaticImports(inputs, entries).filter(isNew);
    for (const file of files) known.add(file);
    return files;
  });
}

/** Where code is loaded on demand, or in a thread. */
function listEntries(inputs: Inputs): string[] {
  const imported = Object.values(inputs).flatMap(({ imports }) => imports);
  const onDemand = imported.filter(({ path, kind }) => kind === "dynamic-import" && path.startsWith("src/"));
  return [...new Set(["src/worker.ts", ...onDemand.map(({ path }) => path)])];
}

/** The given modules, and what is loaded with them. */
function listStaticImports(inputs: Inputs, entries: readonly string[]): string[] {
  const reached = new Set<string>();
  const follow = (file: string): void => {
    const input = inputs[file];
    if (input === undefined || reached.has(file)) return;
    reached.add(file);
    for (const { path, kind } of input.imports) if (kind === "import-statement") follow(path);
  };
  for (const entry of entries) follow(entry);
  return [...reached];
}
