import { diagnoseCache } from "../../diagnose/diagnose-cache.ts";
import type { CommandContext } from "../command-context.ts";
import { ExitCode } from "../exit-codes.ts";
import { rejectBucket } from "../open-addressed-cache.ts";
import { defineCacheDirectoryOption } from "../options/cache-options.ts";
import { Command } from "../parser/command.ts";
import { formatTable } from "../table.ts";

export function defineDoctorCommand(context: CommandContext) {
  return new Command("doctor")
    .summary("check what works with a cache, and why not")
    .description(
      "Check the cache directory and its volume: who may use it, whether links and locks work, free space and inodes, clocks; and in which form " +
        "a store of PATH would store it. What is written for that is removed again. Exit status 1 if there is a problem.",
    )
    .addOption(defineCacheDirectoryOption())
    .argument("[path]", "directory or file that is to be stored")
    .addHelpText("after", "\nExample:\n  btdt doctor --cache /cache node_modules")
    .action((path, { cache }) => {
      rejectBucket(cache, "doctor");
      const checks = diagnoseCache(cache, path, context.runtime.nowMs());
      const rows = checks.map(({ name, status, finding }) => [status, name, finding]);
      for (const line of formatTable(rows, [false, false, false])) context.output.printResult(line);
      context.output.printDocument({ checks });
      if (checks.some(({ status }) => status === "problem")) context.setExitCode(ExitCode.ERROR);
    });
}
