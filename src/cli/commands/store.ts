import { Command } from "@commander-js/extra-typings";
import { escapeControls } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { openCache } from "../../cache/open-cache.ts";
import { storeEntry } from "../../store/store.ts";
import type { CommandContext } from "../command-context.ts";
import { describeTrees, elapsed, placements } from "../describe.ts";
import { keysOf } from "../options/key-options.ts";
import {
  allowEmptyHashOption,
  cacheOption,
  compressionOption,
  createCacheOption,
  excludeOption,
  ignoreMtimeOption,
  keysOption,
  linkOption,
  storageOption,
} from "../options/options.ts";

export function storeCommand(context: CommandContext) {
  return new Command("store")
    .summary("keep directories and files in the cache")
    .description(
      "Keeps SOURCE in the cache under all the given keys; keys that exist are overwritten. Several SOURCEs become one entry. Where a " +
        "SOURCE is on the cache's own file system its files are linked into the cache, not copied; from another one they are packed and " +
        "compressed. A SOURCE within the working directory can be restored to its place without being named.",
    )
    .addOption(cacheOption())
    .addOption(keysOption("keys for the entry, comma-separated; repeatable"))
    .addOption(allowEmptyHashOption())
    .addOption(excludeOption())
    .addOption(ignoreMtimeOption())
    .addOption(linkOption("how files get into the cache: auto is reflink, else hard, else copy"))
    .addOption(storageOption())
    .addOption(compressionOption())
    .addOption(createCacheOption())
    .argument("<source...>", "the directories and files to keep")
    .addHelpText(
      "after",
      "\nExamples:\n  btdt store --cache /cache --keys 'node-modules-{{ hashFiles(\"package-lock.json\") }}' node_modules\n" +
        "  btdt store --cache /cache --keys web-1 node_modules .next/cache",
    )
    .action(async ([first, ...others], options) => {
      if (first === undefined) throw new BtdtError("USAGE", "there is no SOURCE to store");
      const seconds = elapsed();
      const keys = await keysOf(options, context);
      const cache = openCache(options.cache, options.createCache);
      const stored = await storeEntry(
        {
          cache,
          keys,
          sources: [first, ...others],
          excludePatterns: options.exclude,
          ignoreMtime: options.ignoreMtime,
          linkMode: options.link,
          storage: options.storage,
          compression: options.compression,
        },
        context.runtime,
      );
      context.output.note(
        `stored ${describeTrees(stored)} as ${keys.map(escapeControls).join(", ")}: ${placements(stored.fileCounts)} in ${seconds()}`,
      );
      context.output.document({ keys, ...stored });
    });
}
