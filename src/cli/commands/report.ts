import { BtdtError } from "../../base/errors.ts";
import { gatherReport } from "../../report/gather-report.ts";
import { writePage } from "../../report/write-page.ts";
import type { CommandContext } from "../command-context.ts";
import { isTerminal } from "../is-terminal.ts";
import { openCacheDirectory } from "../open-addressed-cache.ts";
import { defineCacheDirectoryOption } from "../options/cache-options.ts";
import {
  defineKeepLastOption,
  defineMaxAgeOption,
  defineMaxEntriesOption,
  defineScopeOption,
  defineSizeLimitOption,
  limitsOf,
  quoteLimits,
} from "../options/limit-options.ts";
import { defineReadOnlyOption } from "../options/read-only-option.ts";
import { Command } from "../parser/command.ts";

const STDOUT = 1;

export function defineReportCommand(context: CommandContext) {
  return new Command("report")
    .summary("write an HTML page about a cache")
    .description(
      "Write an HTML page to standard output: restores on each day, size and sharing by key prefix, ages, the largest entries, and what a " +
        "clean with the given limits would evict and free. Nothing is changed.",
    )
    .addOption(defineCacheDirectoryOption())
    .addOption(defineReadOnlyOption())
    .addOption(defineMaxAgeOption())
    .addOption(defineSizeLimitOption())
    .addOption(defineMaxEntriesOption())
    .addOption(defineKeepLastOption())
    .addOption(defineScopeOption())
    .addHelpText("after", "\nExample:\n  btdt report --cache /cache --max-age 7d > cache.html")
    .action(async (options) => {
      if (isTerminal(STDOUT)) {
        throw new BtdtError("USAGE", "refusing to write a page to a terminal", {
          hint: "redirect it: > cache.html",
        });
      }
      const report = await gatherReport(
        openCacheDirectory(options, "report"),
        limitsOf(options),
        context.runtime,
      );
      context.output.printText(writePage(report, quoteLimits(options)));
    });
}
