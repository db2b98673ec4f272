import { Command } from "@commander-js/extra-typings";
import { printable } from "../base/byte-string.ts";
import { openCache } from "../operations/open-cache.ts";
import { storeTree } from "../operations/store-tree.ts";
import type { CommandContext } from "./command-context.ts";
import { describeFiles, elapsed, placements } from "./describe.ts";
import { keysOf } from "./key-options.ts";
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
} from "./options.ts";

export function storeCommand(context: CommandContext) {
  return new Command("store")
    .summary("keep a directory or file in the cache")
    .description(
      "Keeps SOURCE in the cache under all the given keys; keys that exist are overwritten. Where SOURCE is on the cache's own file " +
        "system its files are linked into the cache, not copied; from another one they are packed and compressed.",
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
    .argument("<source>", "the directory or file to keep")
    .addHelpText(
      "after",
      "\nExample:\n  btdt store --cache /cache --keys 'node-modules-{{ hashFiles(\"package-lock.json\") }}' node_modules",
    )
    .action(async (source, options) => {
      const seconds = elapsed();
      const keys = await keysOf(options, context);
      const cache = openCache(options.cache, options.createCache);
      const stored = await storeTree(
        {
          cache,
          keys,
          source,
          excludePatterns: options.exclude,
          ignoreMtime: options.ignoreMtime,
          linkMode: options.link,
          storage: options.storage,
          compression: options.compression,
        },
        context.runtime,
      );
      const files = describeFiles(stored.fileCount, stored.contentBytes);
      context.output.note(
        `stored ${files} as ${keys.map(printable).join(", ")}: ${placements(stored.fileCounts)} in ${seconds()}`,
      );
      context.output.document({ keys, ...stored });
    });
}
