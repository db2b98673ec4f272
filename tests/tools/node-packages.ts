import { join } from "node:path";
import { must, run } from "../support/executable.ts";
import type { Condition } from "../support/requirements.ts";
import type { Scratch } from "../support/scratch.ts";
import { type SharedTool, sharedTool } from "./shared-tool.ts";
import { writeFiles } from "./trial.ts";

/** Packs an npm package as `npm pack` does. */
export function packNodePackage(
  directory: string,
  name: string,
  version: string,
  { manifest = {}, files = {} }: { manifest?: object; files?: Readonly<Record<string, string>> } = {},
): string {
  const source = join(directory, `${name}-${version}`);
  writeFiles(source, {
    "package/package.json": JSON.stringify({ name, version, main: "index.js", ...manifest }),
    "package/index.js": `module.exports = "${name} ${version}";\n`,
    ...files,
  });
  const archive = `${source}.tgz`;
  must(["tar", "-czf", archive, "-C", source, "package"]);
  return archive;
}

/** The file of a project that depends on packed packages. */
export function projectManifest(archives: Readonly<Record<string, string>>, more: object = {}): string {
  const dependencies = Object.fromEntries(
    Object.entries(archives).map(([name, archive]) => [name, `file:${archive}`]),
  );
  return JSON.stringify({ name: "project", version: "1.0.0", dependencies, ...more });
}

/** For package managers: nothing is fetched, and nothing but this directory is written to. */
export function nodeEnvironment(scratch: Scratch): Record<string, string> {
  return {
    npm_config_cache: scratch.path("npm-cache"),
    npm_config_offline: "true",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    XDG_CACHE_HOME: scratch.path("cache-home"),
    XDG_DATA_HOME: scratch.path("data-home"),
    XDG_STATE_HOME: scratch.path("state-home"),
    BUN_INSTALL_CACHE_DIR: scratch.path("bun-cache"),
    CI: "true",
  };
}

const INSTALL_OPTIONS = "--no-audit --no-fund --silent --fetch-retries=1 --fetch-retry-mintimeout=1000".split(
  " ",
);

/** A tool from the npm registry; without one, that is soon known. */
export function npmTool(name: string, version: string, program: string): SharedTool {
  return sharedTool(`${name.replaceAll("/", "-")}-${version}`, program, (directory) => [
    ["npm", "install", ...INSTALL_OPTIONS, "--prefix", directory, `${name}@${version}`],
  ]);
}

export const pnpm = npmTool("pnpm", "10.34.9", "node_modules/.bin/pnpm");
export const yarnClassic = npmTool("yarn", "1.22.22", "node_modules/yarn/bin/yarn.js");
export const yarnModern = npmTool(
  "@yarnpkg/cli-dist",
  "4.18.1",
  "node_modules/@yarnpkg/cli-dist/bin/yarn.js",
);
export const patchPackage = npmTool("patch-package", "8.0.0", "node_modules/patch-package/index.js");

const PRISMA_PACKAGES = ["prisma@6.19.3", "@prisma/client@6.19.3"];
const UNUSED_RUNTIMES = [
  "*.map",
  "query_engine*",
  "*.cockroachdb.*",
  "*.mysql.*",
  "*.postgresql.*",
  "*.sqlserver.*",
];

/** Without its engines, which generating a client does not need, and without what other databases need. */
export const prisma = sharedTool("prisma-6.19.3", "node_modules/prisma/build/index.js", (directory) => [
  ["npm", "install", ...INSTALL_OPTIONS, "--ignore-scripts", "--prefix", directory, ...PRISMA_PACKAGES],
  ["sh", "-c", `cd node_modules/@prisma/client/runtime && rm ${UNUSED_RUNTIMES.join(" ")}`],
]);

/** Where node-gyp finds the headers of Node.js. */
export function nodeHeaders(): string {
  return join(run(["node", "-p", "process.execPath"]).stdout.trim(), "../..");
}

export const hasNodeHeaders: Condition = {
  name: "the headers of Node.js",
  isMet: () =>
    Bun.which("node") !== null &&
    run(["test", "-e", join(nodeHeaders(), "include/node/common.gypi")]).exitCode === 0,
};
