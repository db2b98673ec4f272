import { escapeControls } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { checkPaths } from "../../restore/places.ts";
import { attempt } from "../attempt.ts";
import type { CommandContext } from "../command-context.ts";
import { describeRestored, startStopwatch } from "../describe.ts";
import { summarizeError } from "../explain-failure.ts";
import { keepResults } from "../keep-results.ts";
import { loadSigner, loadVerifier, withoutSecret } from "../load-trust.ts";
import {
  defineAnonymousOption,
  defineCaFileOption,
  defineEncryptionOption,
  defineKmsKeyOption,
  defineStorageClassOption,
} from "../options/bucket-options.ts";
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
  defineExactOption,
  defineLinkOption,
  defineMatchedKeyFileOption,
  definePrimaryKeyFileOption,
  defineResultFileOption,
  defineVerifyOption,
} from "../options/restore-options.ts";
import { defineNoShareOption, defineShareOption } from "../options/share-options.ts";
import {
  defineCompressionOption,
  defineDurabilityOption,
  defineExcludeOption,
  defineIgnoreMtimeOption,
  defineMaxSizeOption,
  definePinOption,
  defineSkipChangedOption,
  defineSkipUnreadableOption,
  defineStorageOption,
  storeSettingsOf,
} from "../options/store-options.ts";
import { defineSignKeyOption, defineVerifyKeyOption } from "../options/trust-options.ts";
import { OutcomeFiles } from "../outcome-files.ts";
import { Command } from "../parser/command.ts";
import { Option } from "../parser/option.ts";
import { reportMiss } from "../report-miss.ts";
import { restoreFromCaches } from "../restore-from-caches.ts";
import { runChild } from "../run-child.ts";

/** @param words the command to run, from after `--` */
export function defineRunCommand(context: CommandContext, words: readonly string[]) {
  const { output, runtime } = context;
  return new Command("run")
    .summary("restore, or run a command and store its results")
    .description(
      "Restore PATH from the first key found. Unless that is the primary (first) key, run the command after -- and, if it succeeds, " +
        "store PATH under the primary key. Several PATHs form one entry; an entry with a different number of paths counts as a miss. " +
        "If the cache cannot be used, the command is run without it, with a warning. The exit status is the command's, 126 if it " +
        "cannot be executed, 127 if there is no such command, or 128 + n if signal n ended it.",
    )
    .usage("[options] <path...> -- <command> [argument...]")
    .addOption(defineCacheOption())
    .addOption(defineReadOnlyOption())
    .addOption(defineReadAlsoOption())
    .addOption(defineLocalCacheOption())
    .addOption(defineKeysToTryOption())
    .addOption(defineAllowEmptyHashOption())
    .addOption(defineFallbackPrefixOption())
    .addOption(
      new Option("--always", "run the command even on a hit, without storing anything")
        .env("BTDT_ALWAYS")
        .default(false),
    )
    .addOption(defineResultFileOption())
    .addOption(defineMatchedKeyFileOption())
    .addOption(definePrimaryKeyFileOption())
    .addOption(defineExactOption("PATH"))
    .addOption(defineVerifyOption("PATH"))
    .addOption(defineVerifyKeyOption())
    .addOption(defineExcludeOption())
    .addOption(defineSkipChangedOption())
    .addOption(defineSkipUnreadableOption())
    .addOption(defineIgnoreMtimeOption())
    .addOption(defineLinkOption("how to place files in the cache and in PATH"))
    .addOption(defineShareOption())
    .addOption(defineNoShareOption())
    .addOption(defineStorageOption())
    .addOption(defineCompressionOption())
    .addOption(defineDurabilityOption())
    .addOption(defineSignKeyOption())
    .addOption(definePinOption())
    .addOption(defineMaxSizeOption())
    .addOption(defineCreateCacheOption())
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .addOption(defineStorageClassOption())
    .addOption(defineEncryptionOption())
    .addOption(defineKmsKeyOption())
    .argument("<path...>", "directories and files that the command creates")
    .addHelpText(
      "after",
      "\nExample:\n  btdt run --cache /cache --keys 'node-modules-{{ hashFiles(\"package-lock.json\") }}' node_modules -- npm ci",
    )
    .action(async ([first, ...others], options) => {
      if (words.length === 0) {
        throw new BtdtError("USAGE", "no command given", {
          hint: "put it after --, as in: btdt run … node_modules -- npm ci",
        });
      }
      if (first === undefined) throw new BtdtError("USAGE", "no PATH given");
      const paths = [first, ...others] as const;
      checkPaths(paths, "PATH");
      const outcomeFiles = new OutcomeFiles(options);
      const keys = await fillInKeys(options, context);
      outcomeFiles.writePrimaryKey(keys[0]);
      const fallbackPrefixes = await fillInPrefixes(options, context);
      const [explainRefusal, sign] = [
        await loadVerifier(options, context),
        await loadSigner(options, context),
      ];
      const childVariables = withoutSecret(options.signKey, context);
      const readStopwatch = startStopwatch();
      const places = { kind: "produced" as const, paths };
      const attempted = await attempt(true, () =>
        restoreFromCaches(options, { keys, fallbackPrefixes, places, explainRefusal }, context),
      );
      if (attempted.kind === "failed") {
        output.warn(`running without the cache, storing nothing: ${summarizeError(attempted.error)}`);
        outcomeFiles.writeFound({ outcome: "miss" });
      } else {
        const { caches, restored } = attempted.result;
        if (restored.outcome === "miss") {
          await reportMiss(caches, { keys, fallbackPrefixes, unusable: restored.unusable }, context);
        } else {
          const key = escapeControls(restored.key);
          output.note(`restored key ${key}, ${describeRestored(restored, caches, readStopwatch())}`);
        }
        outcomeFiles.writeFound(restored);
      }
      const isHit = attempted.kind === "done" && attempted.result.restored.outcome === "hit";
      if (isHit && !options.always) return;

      if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "cancelled before the command was run");
      const hasSucceeded = await runToEnd(words, childVariables, context);
      if (!hasSucceeded || isHit || attempted.kind === "failed") return;
      if (options.readOnly) {
        output.note("nothing was stored: the cache is read-only");
        return;
      }
      await keepResults(
        attempted.result,
        { keys: [keys[0]], sources: paths, sign, ...storeSettingsOf(options) },
        options.maxSize,
        context,
      );
    });
}

/**
 * Runs the command, whose exit status becomes btdt's.
 * @returns whether it succeeded; if not, says that nothing was stored
 */
async function runToEnd(
  words: readonly string[],
  variables: ReturnType<typeof withoutSecret>,
  context: CommandContext,
): Promise<boolean> {
  const { output } = context;
  output.noteDetail(`running ${words.map(escapeControls).join(" ")}`);
  const child = await runChild(words, context.redirectSignals, variables);
  context.setExitCode(child.exitCode);
  switch (child.kind) {
    case "not-started": {
      const command = escapeControls(words[0] ?? "");
      output.reportError(
        new BtdtError("COMMAND_NOT_STARTED", `cannot run ${command}: ${child.reason}`, {
          hint: "nothing was stored",
        }),
      );
      return false;
    }
    case "ended":
      if (child.exitCode === 0 && !child.wasInterrupted) return true;
      output.note(`the command ended with ${child.exitCode}; nothing was stored`);
      return false;
  }
}
