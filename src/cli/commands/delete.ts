import { Command } from "@commander-js/extra-typings";
import { escapeControls } from "../../base/byte-string.ts";
import { openCache } from "../../cache/open-cache.ts";
import { deleteKeys } from "../../entry/delete-keys.ts";
import { createPause } from "../../work/breather.ts";
import type { CommandContext } from "../command-context.ts";
import { ExitCode } from "../exit-codes.ts";
import { defineCacheOption } from "../options/cache-options.ts";
import { MISS_MARKER } from "../report-miss.ts";

export function defineDeleteCommand(context: CommandContext) {
  return new Command("delete")
    .summary("delete keys")
    .description(
      "Delete the given keys. What no other key needs is freed by the next clean. Exit status 4 if any of them is not found.",
    )
    .addOption(defineCacheOption())
    .argument("<key...>", "keys to delete")
    .addHelpText("after", "\nExample:\n  btdt delete --cache /cache node-modules-1")
    .action(async (keys, options) => {
      const { deleted, missing } = await deleteKeys(
        openCache(options.cache, false),
        keys,
        createPause(context.runtime.isCancelled),
      );
      for (const key of deleted) context.output.printResult(`Deleted key ${escapeControls(key)}`);
      if (missing.length > 0) {
        context.output.printMarker(MISS_MARKER);
        context.output.note(`not found: ${missing.map(escapeControls).join(", ")}`);
        context.setExitCode(ExitCode.MISS);
      }
      context.output.printDocument({ deleted, missing });
    });
}
