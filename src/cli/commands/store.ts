import { assertGiven } from "../../base/assert-given.ts";
import { BtdtError } from "../../base/errors.ts";
import { attempt } from "../attempt.ts";
import type { CommandContext } from "../command-context.ts";
import { describeStored, startStopwatch } from "../describe.ts";
import { describeError, summarizeError } from "../explain-failure.ts";
import { loadSigner } from "../load-trust.ts";
import { openAddressedCache, openCacheDirectory } from "../open-addressed-cache.ts";
import { openLocalCache } from "../open-local-cache.ts";
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
} from "../options/cache-options.ts";
import { defineDryRunOption } from "../options/dry-run-option.ts";
import { fillInKeys } from "../options/fill-in-keys.ts";
import { defineAllowEmptyHashOption, defineKeysToStoreOption } from "../options/key-options.ts";
import { defineErrorOkOption, defineLinkOption } from "../options/restore-options.ts";
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
import { defineSignKeyOption } from "../options/trust-options.ts";
import { Command } from "../parser/command.ts";
import { storeInCache } from "../store-in-cache.ts";
import { printStorePreview } from "../store-preview.ts";

export function defineStoreCommand(context: CommandContext) {
  return new Command("store")
    .summary("store directories and files in the cache")
    .description(
      "Store SOURCE in the cache under each of the given keys, replacing existing keys. Several SOURCEs form one entry. On the cache's " +
        "file system, files that no tool writes into are linked into the cache rather than copied; files from other file systems and mounts are " +
        "compressed into packs. " +
        "A SOURCE inside the working directory can be restored without naming a destination.",
    )
    .addOption(defineCacheOption())
    .addOption(defineKeysToStoreOption())
    .addOption(defineAllowEmptyHashOption())
    .addOption(defineExcludeOption())
    .addOption(defineSkipChangedOption())
    .addOption(defineSkipUnreadableOption())
    .addOption(defineIgnoreMtimeOption())
    .addOption(defineLinkOption("how to add files to the cache"))
    .addOption(defineShareOption())
    .addOption(defineNoShareOption())
    .addOption(defineStorageOption())
    .addOption(defineCompressionOption())
    .addOption(defineDurabilityOption())
    .addOption(defineSignKeyOption())
    .addOption(definePinOption())
    .addOption(defineMaxSizeOption())
    .addOption(
      defineDryRunOption("stored, in which form, and why, without trying to link; the cache must exist"),
    )
    .addOption(defineErrorOkOption("exit with 0"))
    .addOption(defineCreateCacheOption())
    .addOption(defineLocalCacheOption())
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .addOption(defineStorageClassOption())
    .addOption(defineEncryptionOption())
    .addOption(defineKmsKeyOption())
    .argument("<source...>", "directories and files to store")
    .addHelpText(
      "after",
      "\nExamples:\n  btdt store --cache /cache --keys 'node-modules-{{ hashFiles(\"package-lock.json\") }}' node_modules\n" +
        "  btdt store --cache /cache --keys web-1 node_modules .next/cache",
    )
    .action(async ([first, ...others], options) => {
      if (first === undefined) throw new BtdtError("USAGE", "no SOURCE given");
      const sources = [first, ...others] as const;
      for (const source of sources) assertGiven(source, "SOURCE");
      const readStopwatch = startStopwatch();
      const keys = await fillInKeys(options, context);
      const sign = await loadSigner(options, context);
      if (options.dryRun) {
        const cache = openCacheDirectory({ cache: options.cache }, "store --dry-run");
        await printStorePreview({ cache, keys, sources, ...storeSettingsOf(options) }, context);
        return;
      }
      const attempted = await attempt(options.errorOk, async () => {
        const cache = await openAddressedCache(options, context);
        const request = { keys, sources, sign, ...storeSettingsOf(options) };
        const near = openLocalCache(options, cache, context);
        return await storeInCache(cache, near, request, options.maxSize, context);
      });
      if (attempted.kind === "failed") {
        context.output.warn(`nothing was stored: ${summarizeError(attempted.error)}`);
        context.output.printDocument({ error: describeError(attempted.error) });
        return;
      }
      const stored = attempted.result;
      for (const { source, isPacked, obstacle } of stored.obstacles) {
        context.output.noteDetail(`${source} is ${isPacked ? "packed" : "copied"}: ${obstacle}`);
      }
      context.output.note(`stored ${describeStored(stored, keys, readStopwatch())}`);
      context.output.printDocument({ keys, ...stored });
    });
}
