import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { treeOf } from "../base.ts";
import { checkNewDestination } from "../destinations.ts";
import type { Scenario } from "../scenario.ts";

/** A failure of the cache may cost a command its result, or time, but never makes it wrong. */
function run(name: string, key: string, tree: string): Scenario {
  return {
    name: `run ${name}`,
    prepare: (place) => {
      const copy = `rm -rf made out && cp -a ../trees/${tree} made && mv made out`;
      const script = `#!/bin/sh\ncd destinations && ${copy}\n`;
      writeFileSync(join(place.path, "make"), script, { mode: 0o755 });
    },
    words: (place) => {
      const command = ["--", join(place.path, "make")];
      return ["run", "-c", place.cache, "-k", key, place.destination, ...command];
    },
    exitCode: 0,
    stores: new Map([[key, tree]]),
    check: (place, finished, base) => {
      const isMade = finished.exitCode === 0 || existsSync(place.destination);
      return checkNewDestination(place.destination, treeOf(base, tree), isMade);
    },
  };
}

export const runScenarios: readonly Scenario[] = [
  run("a hit", "linked", "small"),
  run("a miss", "new", "fresh"),
];
