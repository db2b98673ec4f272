import { type ImportRequest, importArchive } from "../../archive/import-archive.ts";
import { escapeControls } from "../../base/byte-string.ts";
import type { StoreResult } from "../../store/request.ts";
import type { Runtime } from "../../work/runtime.ts";
import type { CommandContext } from "../command-context.ts";
import { describeTrees, startStopwatch } from "../describe.ts";
import { type OpenedCache, openAddressedCache } from "../open-addressed-cache.ts";
import {
  defineAnonymousOption,
  defineCaFileOption,
  defineEncryptionOption,
  defineKmsKeyOption,
  defineStorageClassOption,
} from "../options/bucket-options.ts";
import { defineCacheOption, defineCreateCacheOption } from "../options/cache-options.ts";
import { fillInKeys } from "../options/fill-in-keys.ts";
import { defineAllowEmptyHashOption, defineKeysToStoreOption } from "../options/key-options.ts";
import { defineNoShareOption, defineShareOption, shareGlobsOf } from "../options/share-options.ts";
import {
  defineCompressionOption,
  defineDurabilityOption,
  definePinOption,
  defineStorageOption,
} from "../options/store-options.ts";
import { Command } from "../parser/command.ts";

export function defineImportCommand(context: CommandContext) {
  return new Command("import")
    .summary("store the contents of an archive in the cache")
    .description(
      "Store the contents of ARCHIVE (tar, tar.gz, tar.zst or zip) under each of the given keys, as store does. All but a zip file may come from " +
        "a pipe. Devices and pipes in it are skipped. An archive with duplicate names, or with names that lead outside of it or through a symlink, is rejected.",
    )
    .addOption(defineCacheOption())
    .addOption(defineKeysToStoreOption())
    .addOption(defineAllowEmptyHashOption())
    .addOption(defineShareOption())
    .addOption(defineNoShareOption())
    .addOption(defineStorageOption())
    .addOption(defineCompressionOption())
    .addOption(defineDurabilityOption())
    .addOption(definePinOption())
    .addOption(defineCreateCacheOption())
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .addOption(defineStorageClassOption())
    .addOption(defineEncryptionOption())
    .addOption(defineKmsKeyOption())
    .argument("<archive>", "archive file or pipe, or - for standard input")
    .addHelpText("after", "\nExample:\n  btdt import --cache /cache --keys node-modules node-modules.tar.gz")
    .action(async (archive, options) => {
      const readStopwatch = startStopwatch();
      const keys = await fillInKeys(options, context);
      const cache = await openAddressedCache(options, context);
      const stored = await importInto(
        cache,
        {
          keys,
          archive,
          globs: shareGlobsOf(options),
          storage: options.storage,
          compression: options.compression,
          durability: options.durability,
          pin: options.pin,
        },
        context.runtime,
      );
      const files = describeTrees(stored);
      context.output.note(
        `imported ${files} as ${keys.map(escapeControls).join(", ")} in ${readStopwatch()}`,
      );
      context.output.printDocument({ keys, ...stored });
    });
}

async function importInto(
  cache: OpenedCache,
  request: Omit<ImportRequest, "cache">,
  runtime: Runtime,
): Promise<StoreResult> {
  switch (cache.kind) {
    case "directory":
      return await importArchive({ ...request, cache: cache.directory }, runtime);
    case "bucket":
      return await cache.bucket.import(request);
  }
}
