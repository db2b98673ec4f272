import { Command } from "@commander-js/extra-typings";
import { importArchive } from "../../archive/import-archive.ts";
import { escapeControls } from "../../base/byte-string.ts";
import { openCache } from "../../cache/open-cache.ts";
import type { CommandContext } from "../command-context.ts";
import { describeTrees, elapsed } from "../describe.ts";
import { keysOf } from "../options/key-options.ts";
import {
  allowEmptyHashOption,
  cacheOption,
  compressionOption,
  createCacheOption,
  keysOption,
  storageOption,
} from "../options/options.ts";

export function importCommand(context: CommandContext) {
  return new Command("import")
    .summary("keep the tree of an archive in the cache")
    .description(
      "Keeps what is in ARCHIVE, a tar, tar.gz or zip file, under all the given keys, as store does. A tar or tar.gz may come through a " +
        "pipe. An archive with names or links that lead out of it, or with double names, is refused.",
    )
    .addOption(cacheOption())
    .addOption(keysOption("keys for the entry, comma-separated; repeatable"))
    .addOption(allowEmptyHashOption())
    .addOption(storageOption())
    .addOption(compressionOption())
    .addOption(createCacheOption())
    .argument("<archive>", "the file or pipe to read, - for standard input")
    .addHelpText("after", "\nExample:\n  btdt import --cache /cache --keys node-modules node-modules.tar.gz")
    .action(async (archive, options) => {
      const seconds = elapsed();
      const keys = await keysOf(options, context);
      const cache = openCache(options.cache, options.createCache);
      const stored = await importArchive(
        { cache, keys, archive, storage: options.storage, compression: options.compression },
        context.runtime,
      );
      const files = describeTrees(stored);
      context.output.note(`imported ${files} as ${keys.map(escapeControls).join(", ")} in ${seconds()}`);
      context.output.document({ keys, ...stored });
    });
}
