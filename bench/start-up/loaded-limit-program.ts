/**
 * What `limit-program` does, after the code of a restore has been loaded, in a few pieces: its modules are evaluated, so that
 * all of their functions exist, and none of them is called.
 */

import { defineRestoreCommand } from "../../src/cli/commands/restore.ts";
import { runProgram } from "../../src/cli/program.ts";
import { loadTrees } from "../../src/entry/load-trees.ts";
import { CacheUse } from "../../src/restore/cache-use.ts";
import { describeTargets } from "../../src/restore/describe-targets.ts";
import { placeEntry } from "../../src/restore/place-entry.ts";
import { WorkerPool } from "../../src/work/worker-pool.ts";
// The last one, because it ends the process.
import * as limit from "./limit-program.ts";

/** Not reached. Without it, the bundler would leave out what nothing uses. */
export const loaded = [
  runProgram,
  defineRestoreCommand,
  loadTrees,
  CacheUse,
  describeTargets,
  placeEntry,
  WorkerPool,
  limit,
];
