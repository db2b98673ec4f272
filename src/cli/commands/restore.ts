import { escapeControls } from "../../base/byte-string.ts";
import { checkPaths } from "../../restore/places.ts";
import { attempt } from "../attempt.ts";
import type { CommandContext } from "../command-context.ts";
import { describeRestored, startStopwatch } from "../describe.ts";
import { codeForOutcome } from "../exit-codes.ts";
import { describeError, summarizeError } from "../explain-failure.ts";
import { loadVerifier } from "../load-trust.ts";
import { defineAnonymousOption, defineCaFileOption } from "../options/bucket-options.ts";
import {
  defineCacheOption,
  defineCreateCacheOption,
  defineLocalCacheOption,
  defineReadAlsoOption,
} from "../options/cache-options.ts";
import { fillInKeys, fillInPrefixes } from "../options/fill-in-keys.ts";
import {
  defineAllowEmptyHashOption,
  defineFallbackPrefixOption,
  defineKeysToTryOption,
} from "../options/key-options.ts";
import { defineReadOnlyOption } from "../options/read-only-option.ts";
import {
  defineErrorOkOption,
  defineExactOption,
  defineLinkOption,
  defineMatchedKeyFileOption,
  defineMissOkOption,
  definePrimaryKeyFileOption,
  defineResultFileOption,
  defineSuccessOnAnyKeyOption,
  defineVerifyOption,
} from "../options/restore-options.ts";
import { defineNoShareOption, defineShareOption } from "../options/share-options.ts";
import { defineVerifyKeyOption } from "../options/trust-options.ts";
import { OutcomeFiles } from "../outcome-files.ts";
import { Command } from "../parser/command.ts";
import { MISS_MARKER, reportMiss } from "../report-miss.ts";
import { restoreFromCaches } from "../restore-from-caches.ts";

const USE_NOT_NOTED =
  "this use could not be noted in the cache: a clean counts the entry's age from the store or the last noted use";

export function defineRestoreCommand(context: CommandContext) {
  return new Command("restore")
    .summary("restore the first key found")
    .description(
      "Restore the first key found in the cache to DESTINATION or, if none is given, to the paths it was stored from, relative to " +
        "the working directory. An entry with several paths takes as many DESTINATIONs, in the order they were stored. Exit status: " +
        "0 for the primary (first) key, 3 for a fallback key, 4 if no key is found (0 with --miss-ok).",
    )
    .addOption(defineCacheOption())
    .addOption(defineReadOnlyOption())
    .addOption(defineReadAlsoOption())
    .addOption(defineLocalCacheOption())
    .addOption(defineKeysToTryOption())
    .addOption(defineAllowEmptyHashOption())
    .addOption(defineFallbackPrefixOption())
    .addOption(defineSuccessOnAnyKeyOption())
    .addOption(defineMissOkOption())
    .addOption(defineErrorOkOption("count it as a miss"))
    .addOption(defineResultFileOption())
    .addOption(defineMatchedKeyFileOption())
    .addOption(definePrimaryKeyFileOption())
    .addOption(defineExactOption("DESTINATION"))
    .addOption(defineVerifyOption("DESTINATION"))
    .addOption(defineVerifyKeyOption())
    .addOption(defineLinkOption("how to place files in DESTINATION"))
    .addOption(defineShareOption())
    .addOption(defineNoShareOption())
    .addOption(defineCreateCacheOption())
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .argument("[destination...]", "where to restore directories and files")
    .addHelpText(
      "after",
      "\nExamples:\n  btdt restore --cache /cache --keys 'node-modules-{{ hashFiles(\"package-lock.json\") }}' node_modules\n" +
        "  btdt restore --cache /cache --keys web-1",
    )
    .action(async ([first, ...others], options) => {
      const readStopwatch = startStopwatch();
      const outcomeFiles = new OutcomeFiles(options);
      const keys = await fillInKeys(options, context);
      outcomeFiles.writePrimaryKey(keys[0]);
      const fallbackPrefixes = await fillInPrefixes(options, context);
      const explainRefusal = await loadVerifier(options, context);
      const paths = first === undefined ? undefined : ([first, ...others] as const);
      if (paths !== undefined) checkPaths(paths, "DESTINATION");
      const places = paths === undefined ? { kind: "recorded" as const } : { kind: "named" as const, paths };
      const attempted = await attempt(options.errorOk, () =>
        restoreFromCaches(options, { keys, fallbackPrefixes, places, explainRefusal }, context),
      );
      if (attempted.kind === "failed") {
        context.output.warn(`this counts as a miss: ${summarizeError(attempted.error)}`);
        context.output.printMarker(MISS_MARKER);
        context.setExitCode(codeForOutcome("miss", options));
        outcomeFiles.writeFound({ outcome: "miss" });
        context.output.printDocument({ outcome: "miss", error: describeError(attempted.error) });
        return;
      }
      const { caches, restored } = attempted.result;
      switch (restored.outcome) {
        case "hit":
        case "fallback": {
          context.output.printResult(`Restored key ${escapeControls(restored.key)}`);
          for (const destination of restored.destinations)
            context.output.noteDetail(`restored ${escapeControls(destination)}`);
          if (!restored.isUseNoted) context.output.noteDetail(USE_NOT_NOTED);
          context.output.note(`restored ${describeRestored(restored, caches, readStopwatch())}`);
          break;
        }
        case "miss":
          await reportMiss(caches, { keys, fallbackPrefixes, unusable: restored.unusable }, context);
          break;
      }
      context.setExitCode(codeForOutcome(restored.outcome, options));
      outcomeFiles.writeFound(restored);
      context.output.printDocument({ ...restored, keys, fallbackPrefixes });
    });
}
