import { expect } from "bun:test";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import {
  nodeEnvironment,
  packNodePackage,
  pnpm,
  projectManifest,
  yarnClassic,
  yarnModern,
} from "./node-packages.ts";
import { expectLikeCopies, type Trial, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

interface Manager {
  readonly install: readonly string[];
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** Files of its own that differ from run to run. */
  readonly random?: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

/** Durations, and what depends on whether an archive was fetched before. */
const TIMES = /( in )?\d+(s \d+)?(\.\d+)?m?s\b|Progress: .*\n|.*YN0013.*\n|(?<=Completed) in .*/g;

function trial({ install, add, remove, random, ...more }: Manager): Trial {
  const env = { ...nodeEnvironment(scratch), ...more.env };
  const packages = scratch.directory("packages");
  const newer = packNodePackage(packages, "one", "2.0.0");
  const show = ["node", "-p", "require('one') + ', ' + require('two')"];
  return {
    stored: "node_modules",
    env,
    prepare(project) {
      const archives = {
        one: packNodePackage(packages, "one", "1.0.0"),
        two: packNodePackage(packages, "two", "1.0.0"),
      };
      writeFiles(project, { "package.json": projectManifest(archives) });
      must(install, { cwd: project, env });
    },
    steps: [
      { at: "a", run: [...add, newer] },
      { at: "b", run: install },
      { at: "b", run: show },
      { at: "a", run: show },
      { at: "a", run: [...remove, "two"] },
      { at: "b", run: install },
      { at: "b", run: show },
      { at: "a", run: show },
    ],
    withoutTimes: (output) => output.replaceAll(TIMES, ""),
    ...(random === undefined ? {} : { random }),
  };
}

async function expectPackagesShared(manager: Manager): Promise<void> {
  const { answers, shared } = await expectLikeCopies(scratch, trial(manager));
  const shown = answers.filter(({ command }) => command.includes("node -p"));
  expect(shown.slice(0, 3).map(({ output }) => output)).toEqual([
    "one 1.0.0, two 1.0.0\n",
    "one 2.0.0, two 1.0.0\n",
    "one 1.0.0, two 1.0.0\n",
  ]);
  expect(shown[3]?.exitCode).toBe(1);
  expect(shared.filter((path) => /\/(?:one|two)\/index\.js$/.test(path))).toHaveLength(2);
  expect(
    shared.filter((path) => !/\/(?:one|two)\/(?:index\.js|package\.json|\.bun-tag)$/.test(path)),
  ).toEqual([]);
}

testWith(
  ["node", "npm", pnpm],
  "pnpm adds and removes in A, B keeps what it has; packages are shared",
  async () => {
    await expectPackagesShared({
      install: [pnpm.path(), "install", "--offline", "--no-frozen-lockfile"],
      add: [pnpm.path(), "add", "--offline"],
      remove: [pnpm.path(), "remove"],
      // Both have the time of the last installation.
      random: /\/\.modules\.yaml$|\/\.pnpm-workspace-state[^/]*$/,
    });
  },
);

testWith(
  ["node", "npm", yarnClassic],
  "Yarn 1 adds and removes in A, B keeps what it has; packages are shared",
  async () => {
    const yarn = ["node", yarnClassic.path()];
    await expectPackagesShared({
      install: [...yarn, "install", "--offline", "--no-progress"],
      add: [...yarn, "add", "--offline", "--no-progress"],
      remove: [...yarn, "remove", "--offline", "--no-progress"],
    });
  },
);

testWith(
  ["node", "npm", yarnModern],
  "Yarn 4 adds and removes in A, B keeps what it has; packages are shared",
  async () => {
    const yarn = ["node", yarnModern.path()];
    await expectPackagesShared({
      install: [...yarn, "install", "--no-immutable"],
      add: [...yarn, "add"],
      remove: [...yarn, "remove"],
      // Its maps are in the order in which concurrent work happened to end; two plain installations differ as well.
      random: /\/install-state\.gz$/,
      env: {
        YARN_NODE_LINKER: "node-modules",
        YARN_GLOBAL_FOLDER: scratch.path("yarn"),
        YARN_ENABLE_TELEMETRY: "0",
        YARN_ENABLE_NETWORK: "0",
      },
    });
  },
);

const BUN = process.execPath;

testWith(["node"], "Bun adds and removes in A, B keeps what it has; packages are shared", async () => {
  await expectPackagesShared({
    install: [BUN, "install"],
    add: [BUN, "add"],
    remove: [BUN, "remove"],
  });
});
