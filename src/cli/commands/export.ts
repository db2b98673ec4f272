import { ARCHIVE_FORMATS } from "../../archive/archive-writer.ts";
import { type ExportRequest, type ExportResult, exportEntry } from "../../archive/export-entry.ts";
import { escapeControls } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import type { Runtime } from "../../work/runtime.ts";
import type { CommandContext } from "../command-context.ts";
import { formatCount, startStopwatch } from "../describe.ts";
import { ExitCode } from "../exit-codes.ts";
import { isTerminal } from "../is-terminal.ts";
import { type OpenedCache, openAddressedCache } from "../open-addressed-cache.ts";
import { defineAnonymousOption, defineCaFileOption } from "../options/bucket-options.ts";
import { defineCacheOption } from "../options/cache-options.ts";
import { fillInKeys } from "../options/fill-in-keys.ts";
import { defineAllowEmptyHashOption, defineKeysToTryOption } from "../options/key-options.ts";
import { defineReadOnlyOption } from "../options/read-only-option.ts";
import { Command } from "../parser/command.ts";
import { Option } from "../parser/option.ts";
import { reportMiss } from "../report-miss.ts";

const STDOUT = 1;

export function defineExportCommand(context: CommandContext) {
  return new Command("export")
    .summary("write an entry to stdout as a tar or zip archive")
    .description(
      "Write the first key found in the cache to standard output as an ordinary archive. The exit status is that of restore.",
    )
    .addOption(defineCacheOption())
    .addOption(defineReadOnlyOption())
    .addOption(defineKeysToTryOption())
    .addOption(defineAllowEmptyHashOption())
    .addOption(
      new Option("--format <format>", "archive format")
        .env("BTDT_FORMAT")
        .choices(ARCHIVE_FORMATS)
        .default("tar" as const),
    )
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .addHelpText(
      "after",
      "\nExample:\n  btdt export --cache /cache --keys node-modules --format tar.gz > node-modules.tar.gz",
    )
    .action(async (options) => {
      const readStopwatch = startStopwatch();
      if (isTerminal(STDOUT)) {
        throw new BtdtError("USAGE", "refusing to write an archive to a terminal", {
          hint: "redirect it: > file",
        });
      }
      const cache = await openAddressedCache(options, context);
      const keys = await fillInKeys(options, context);
      const exported = await exportFrom(
        cache,
        { keys, format: options.format, sink: (bytes) => context.output.printBytes(bytes) },
        context.runtime,
      );
      switch (exported.kind) {
        case "exported":
          context.output.note(
            `exported ${formatCount(exported.fileCount, "file")} of ${escapeControls(exported.key)} in ${readStopwatch()}`,
          );
          context.setExitCode(exported.isPrimary ? ExitCode.DONE : ExitCode.FALLBACK);
          break;
        case "missed":
          await reportMiss([cache], { keys, fallbackPrefixes: [], unusable: exported.unusable }, context);
          context.setExitCode(ExitCode.MISS);
          break;
      }
    });
}

async function exportFrom(
  cache: OpenedCache,
  request: Omit<ExportRequest, "cache">,
  runtime: Runtime,
): Promise<ExportResult> {
  switch (cache.kind) {
    case "directory":
      return await exportEntry({ ...request, cache: cache.directory }, runtime);
    case "bucket":
      return await cache.bucket.export(request);
  }
}
