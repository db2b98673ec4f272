import { escapeControls } from "../../base/byte-string.ts";
import { formatDuration } from "../../base/duration.ts";
import { type LookupSource, lookUpKeys, openLookupSource } from "../../entry/lookup.ts";
import type { Runtime } from "../../work/runtime.ts";
import type { CommandContext } from "../command-context.ts";
import { describeOrigin, describeTrees } from "../describe.ts";
import { codeForOutcome } from "../exit-codes.ts";
import { loadVerifier } from "../load-trust.ts";
import type { OpenedCache } from "../open-addressed-cache.ts";
import { openCachesToRead } from "../open-caches.ts";
import { defineAnonymousOption, defineCaFileOption } from "../options/bucket-options.ts";
import { defineCacheOption, defineReadAlsoOption } from "../options/cache-options.ts";
import { fillInKeys, fillInPrefixes } from "../options/fill-in-keys.ts";
import {
  defineAllowEmptyHashOption,
  defineFallbackPrefixOption,
  defineKeysToTryOption,
} from "../options/key-options.ts";
import { defineReadOnlyOption } from "../options/read-only-option.ts";
import {
  defineMatchedKeyFileOption,
  defineMissOkOption,
  definePrimaryKeyFileOption,
  defineResultFileOption,
  defineSuccessOnAnyKeyOption,
} from "../options/restore-options.ts";
import { defineVerifyKeyOption } from "../options/trust-options.ts";
import { OutcomeFiles } from "../outcome-files.ts";
import { Command } from "../parser/command.ts";
import { reportMiss } from "../report-miss.ts";

export function defineLookupCommand(context: CommandContext) {
  return new Command("lookup")
    .summary("say which key would be restored")
    .description(
      "Print the key that restore would restore, without restoring anything. Contents are looked up but not read, and the lookup does " +
        "not count as a use. The exit status is that of restore: 0 for the primary (first) key, 3 for a fallback key, 4 if no key is " +
        "found (0 with --miss-ok).",
    )
    .addOption(defineCacheOption())
    .addOption(defineReadOnlyOption())
    .addOption(defineReadAlsoOption())
    .addOption(defineKeysToTryOption())
    .addOption(defineAllowEmptyHashOption())
    .addOption(defineFallbackPrefixOption())
    .addOption(defineSuccessOnAnyKeyOption())
    .addOption(defineMissOkOption())
    .addOption(defineResultFileOption())
    .addOption(defineMatchedKeyFileOption())
    .addOption(definePrimaryKeyFileOption())
    .addOption(defineVerifyKeyOption())
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .addHelpText(
      "after",
      "\nExample:\n  btdt lookup --cache /cache --keys 'node-modules-{{ hashFiles(\"package-lock.json\") }}' || npm ci",
    )
    .action(async (options) => {
      const { output, runtime } = context;
      const outcomeFiles = new OutcomeFiles(options);
      const keys = await fillInKeys(options, context);
      outcomeFiles.writePrimaryKey(keys[0]);
      const fallbackPrefixes = await fillInPrefixes(options, context);
      const explainRefusal = await loadVerifier(options, context);
      const caches = await openCachesToRead(options, context);
      const sources = caches.map((cache) => openSource(cache, keys, runtime));
      const found = await lookUpKeys({ keys, fallbackPrefixes, explainRefusal }, sources, runtime);
      switch (found.outcome) {
        case "hit":
        case "fallback": {
          const age = formatDuration(runtime.nowMs() - Date.parse(found.storedAt));
          output.printResult(`Found key ${escapeControls(found.key)}`);
          output.note(
            `it has ${describeTrees(found)}, stored ${age} ago${describeOrigin(found, caches, "in")}`,
          );
          for (const { path } of found.trees) {
            if (path !== undefined) output.noteDetail(`stored from ${escapeControls(path)}`);
          }
          break;
        }
        case "miss":
          await reportMiss(caches, { keys, fallbackPrefixes, unusable: found.unusable }, context);
          break;
      }
      context.setExitCode(codeForOutcome(found.outcome, options));
      outcomeFiles.writeFound(found);
      output.printDocument({ ...found, keys, fallbackPrefixes });
    });
}

function openSource(cache: OpenedCache, keys: readonly string[], runtime: Runtime): LookupSource {
  switch (cache.kind) {
    case "directory":
      return openLookupSource(cache.directory, runtime);
    case "bucket":
      return cache.bucket.openSource(keys);
  }
}
