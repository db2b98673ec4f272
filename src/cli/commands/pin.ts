import { escapeControls } from "../../base/byte-string.ts";
import { pinKeys, unpinKeys } from "../../entry/pin-keys.ts";
import type { CommandContext } from "../command-context.ts";
import { joinSome } from "../describe.ts";
import { ExitCode } from "../exit-codes.ts";
import { openCacheDirectory } from "../open-addressed-cache.ts";
import { defineCacheDirectoryOption } from "../options/cache-options.ts";
import { Command } from "../parser/command.ts";
import { MISS_MARKER } from "../report-miss.ts";

export function definePinCommand(context: CommandContext) {
  const { output, runtime } = context;
  return new Command("pin")
    .summary("protect keys from being evicted")
    .description(
      "Pin keys: whatever their age and the limits, no clean and no --max-size evicts their entries, until they are unpinned or deleted. A " +
        "pin stays when the key is stored again. Exit status 4 if a key is not found.",
    )
    .addOption(defineCacheDirectoryOption())
    .argument("<key...>", "keys to pin")
    .addHelpText("after", "\nExample:\n  btdt pin --cache /cache node-modules-1")
    .action(async (keys, options) => {
      const { done, missing } = await pinKeys(openCacheDirectory(options, "pin"), keys, runtime);
      for (const key of done) output.printResult(`Pinned key ${escapeControls(key)}`);
      if (missing.length > 0) {
        output.printMarker(MISS_MARKER);
        output.note(`not found: ${joinSome(missing)}`);
        context.setExitCode(ExitCode.MISS);
      }
      output.printDocument({ pinned: done, missing });
    });
}

export function defineUnpinCommand(context: CommandContext) {
  const { output } = context;
  return new Command("unpin")
    .summary("let pinned keys be evicted again")
    .description(
      "Remove the pins of keys, so that a clean may evict their entries again. Exit status 4 if a key is not pinned.",
    )
    .addOption(defineCacheDirectoryOption())
    .argument("<key...>", "keys to unpin")
    .addHelpText("after", "\nExample:\n  btdt unpin --cache /cache node-modules-1")
    .action(async (keys, options) => {
      const { done, missing } = await unpinKeys(openCacheDirectory(options, "unpin"), keys, context.runtime);
      for (const key of done) output.printResult(`Unpinned key ${escapeControls(key)}`);
      if (missing.length > 0) {
        output.note(`not pinned: ${joinSome(missing)}`);
        context.setExitCode(ExitCode.MISS);
      }
      output.printDocument({ unpinned: done, missing });
    });
}
