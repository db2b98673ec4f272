import { must } from "../support/executable.ts";
import type { Scratch } from "../support/scratch.ts";
import { nodeEnvironment, packNodePackage, projectManifest } from "./node-packages.ts";
import { type Trial, writeFiles } from "./trial.ts";

interface Extra {
  /** The archive of a third package. */
  readonly pack?: (directory: string) => string;
  readonly options?: Pick<Trial, "storeOptions" | "restoreOptions">;
}

/** A project whose `node_modules` npm has installed; the steps get a newer version of its first package. */
export function npmTrial(
  scratch: Scratch,
  steps: (newer: string) => Trial["steps"],
  { pack, options }: Extra = {},
): Trial {
  const env = nodeEnvironment(scratch);
  const packages = scratch.directory("packages");
  const newer = packNodePackage(packages, "one", "2.0.0");
  return {
    stored: "node_modules",
    env,
    prepare(project) {
      const archives = {
        one: packNodePackage(packages, "one", "1.0.0"),
        two: packNodePackage(packages, "two", "1.0.0"),
        ...(pack === undefined ? {} : { three: pack(packages) }),
      };
      writeFiles(project, { "package.json": projectManifest(archives) });
      must(["npm", "install"], { cwd: project, env });
    },
    steps: steps(newer),
    withoutTimes: (output) => output.replaceAll(/in \d+m?s/g, "in N s"),
    ...options,
  };
}

export const VERSION = ["node", "-p", "require('one')"];
