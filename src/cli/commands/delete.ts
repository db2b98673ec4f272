import { escapeControls } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { formatSize } from "../../base/size.ts";
import type { DeletionPlan, DeletionScope } from "../../entry/choose-deletion.ts";
import { deleteKeys } from "../../entry/delete-keys.ts";
import { planDeletion } from "../../entry/plan-deletion.ts";
import { createPause } from "../../work/breather.ts";
import type { Runtime } from "../../work/runtime.ts";
import type { CommandContext } from "../command-context.ts";
import { joinSome } from "../describe.ts";
import { ExitCode } from "../exit-codes.ts";
import { type OpenedCache, openAddressedCache } from "../open-addressed-cache.ts";
import { defineAnonymousOption, defineCaFileOption } from "../options/bucket-options.ts";
import { defineCacheOption } from "../options/cache-options.ts";
import { defineDryRunOption } from "../options/dry-run-option.ts";
import { Command } from "../parser/command.ts";
import { MISS_MARKER } from "../report-miss.ts";

export function defineDeleteCommand(context: CommandContext) {
  const { output, runtime } = context;
  return new Command("delete")
    .summary("delete keys")
    .description(
      "Delete the given keys, or all keys with a prefix. What no other key needs is freed by the next clean; --prefix, --all and --dry-run " +
        "also print how much that is. Pinned keys are deleted only if they are named. Exit status 4 if a key is not found, or no key has the prefix.",
    )
    .addOption(defineCacheOption())
    .option("--prefix <prefix>", "delete all keys with this prefix")
    .option("--all", "delete all keys", false)
    .addOption(defineDryRunOption("deleted and freed"))
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .argument("[key...]", "keys to delete")
    .addHelpText(
      "after",
      "\nExamples:\n  btdt delete --cache /cache node-modules-1\n  btdt delete --cache /cache --prefix node-modules- --dry-run",
    )
    .action(async (keys, options) => {
      const scope = chooseScope(keys, options);
      const { dryRun } = options;
      const cache = await openAddressedCache(options, context);
      const planned = dryRun || scope.kind === "prefix" ? await plan(cache, scope, runtime) : undefined;
      const wanted = planned?.keys ?? keys;
      const { deleted, missing } = dryRun
        ? { deleted: wanted, missing: planned?.missing ?? [] }
        : await deleteFrom(cache, wanted, runtime);
      for (const key of deleted)
        output.printResult(`${dryRun ? "Would delete" : "Deleted"} key ${escapeControls(key)}`);
      if (planned !== undefined) {
        const frees = dryRun ? "would free" : "frees";
        const clean = cache.kind === "bucket" ? "A clean in a day or two" : "The next clean";
        output.printResult(`${clean} ${frees} ${formatSize(planned.freedBytes)}`);
      }
      const pinned = planned?.pinned ?? [];
      if (pinned.length > 0) output.note(`pinned, not deleted: ${joinSome(pinned)}`);
      // A key that was listed and is gone was deleted by another process.
      const notFound = scope.kind === "named" ? missing : [];
      if (notFound.length > 0 || (options.prefix !== undefined && deleted.length + pinned.length === 0)) {
        output.printMarker(MISS_MARKER);
        output.note(notFound.length > 0 ? `not found: ${joinSome(notFound)}` : "no key has this prefix");
        context.setExitCode(ExitCode.MISS);
      }
      output.printDocument({ deleted, missing: notFound, pinned, freedBytes: planned?.freedBytes, dryRun });
    });
}

async function plan(cache: OpenedCache, scope: DeletionScope, runtime: Runtime): Promise<DeletionPlan> {
  switch (cache.kind) {
    case "directory":
      return await planDeletion(cache.directory, scope, runtime);
    case "bucket":
      return await cache.bucket.planDeletion(scope);
  }
}

async function deleteFrom(
  cache: OpenedCache,
  keys: readonly string[],
  runtime: Runtime,
): ReturnType<typeof deleteKeys> {
  switch (cache.kind) {
    case "directory":
      return await deleteKeys(cache.directory, keys, createPause(runtime.isCancelled));
    case "bucket":
      return await cache.bucket.delete(keys);
  }
}

/** @throws BtdtError USAGE */
function chooseScope(
  keys: readonly string[],
  { prefix, all }: { readonly prefix?: string | undefined; readonly all: boolean },
): DeletionScope {
  const ways = [keys.length > 0, prefix !== undefined, all].filter(Boolean).length;
  if (ways !== 1) {
    throw new BtdtError("USAGE", ways === 0 ? "no key given" : "too many ways to choose keys", {
      hint: "name keys, or use --prefix or --all",
    });
  }
  if (prefix === "") {
    throw new BtdtError("USAGE", "the prefix is empty", { hint: "use --all to delete all keys" });
  }
  return keys.length > 0 ? { kind: "named", keys } : { kind: "prefix", prefix: prefix ?? "" };
}
