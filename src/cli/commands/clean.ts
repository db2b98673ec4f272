import { escapeControls } from "../../base/byte-string.ts";
import { formatDuration } from "../../base/duration.ts";
import { formatSize } from "../../base/size.ts";
import type { BucketCleanRequest, BucketCleanResult } from "../../far/clean-bucket.ts";
import { cleanCache } from "../../upkeep/clean.ts";
import type { CleanResult } from "../../upkeep/clean-result.ts";
import type { Runtime } from "../../work/runtime.ts";
import type { CommandContext } from "../command-context.ts";
import { formatCount } from "../describe.ts";
import { type OpenedCache, openAddressedCache } from "../open-addressed-cache.ts";
import { defineAnonymousOption, defineCaFileOption } from "../options/bucket-options.ts";
import { defineCacheOption } from "../options/cache-options.ts";
import { defineDryRunOption } from "../options/dry-run-option.ts";
import {
  defineKeepLastOption,
  defineMaxAgeOption,
  defineMaxEntriesOption,
  defineScopeOption,
  defineSizeLimitOption,
  limitsOf,
} from "../options/limit-options.ts";
import { Command } from "../parser/command.ts";

export function defineCleanCommand(context: CommandContext) {
  return new Command("clean")
    .summary("evict old entries and delete garbage")
    .description(
      "Evict the least recently used entries until all limits are met, then delete everything that no entry needs. Without limits, " +
        "only delete garbage. Pinned entries are never evicted unless they are damaged. Safe to run alongside stores and restores.",
    )
    .addOption(defineCacheOption())
    .addOption(defineMaxAgeOption())
    .addOption(defineSizeLimitOption())
    .addOption(defineMaxEntriesOption())
    .addOption(defineKeepLastOption())
    .addOption(defineScopeOption())
    .addOption(defineDryRunOption("removed"))
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .addHelpText(
      "after",
      "\nExamples:\n  btdt clean --cache /cache --max-age 7d --max-size 10GiB\n" +
        "  btdt clean --cache /cache --prefix npm- --max-entries 20",
    )
    .action(async (options) => {
      const cache = await openAddressedCache(options, context);
      const { dryRun } = options;
      const cleaned = await clean(cache, { ...limitsOf(options), dryRun }, context.runtime);
      const removed = options.dryRun ? "Would remove" : "Removed";
      for (const entry of cleaned.removed) {
        const age = formatDuration(cleaned.nowMs - entry.lastUsedMs);
        const keys = entry.keys.map(escapeControls).join(", ");
        context.output.printResult(
          `${removed} ${keys} (${entry.reason}): last used ${age} ago, frees ${formatSize(entry.freedBytes)}`,
        );
      }
      if (cleaned.garbage.count > 0) {
        const things = formatCount(cleaned.garbage.count, "unneeded file");
        context.output.printResult(`${removed} ${things}: frees ${formatSize(cleaned.garbage.bytes)}`);
      }
      const { packs } = cleaned;
      if (packs.removedCount > 0) {
        const things = formatCount(packs.removedCount, "pack");
        context.output.printResult(`${removed} ${things}: frees ${formatSize(packs.removedBytes)}`);
      }
      if (packs.rewrittenCount > 0) {
        const rewrote = options.dryRun ? "Would rewrite" : "Rewrote";
        const things = formatCount(packs.rewrittenCount, "pack");
        context.output.printResult(
          `${rewrote} ${things} without unneeded contents: frees ${formatSize(packs.rewrittenFreedBytes)}`,
        );
      }
      if (cleaned.waiting !== undefined && cleaned.waiting.packCount > 0) {
        const things = formatCount(cleaned.waiting.packCount, "pack");
        context.output.printResult(
          `${things} (${formatSize(cleaned.waiting.bytes)}) not needed now: deleted by a clean in a day or two`,
        );
      }
      const entries = formatCount(cleaned.kept.entryCount, "entry", "entries");
      context.output.printResult(
        `${options.dryRun ? "Would keep" : "Kept"} ${entries}, ${formatSize(cleaned.kept.bytes)}`,
      );
      context.output.printDocument({ ...cleaned, dryRun: options.dryRun });
    });
}

/** Only in a bucket, packs have to wait until they can be deleted. */
type Cleaned = CleanResult & Partial<Pick<BucketCleanResult, "waiting">>;

async function clean(cache: OpenedCache, request: BucketCleanRequest, runtime: Runtime): Promise<Cleaned> {
  switch (cache.kind) {
    case "directory":
      return await cleanCache({ ...request, cache: cache.directory }, runtime);
    case "bucket":
      return await cache.bucket.clean(request);
  }
}
