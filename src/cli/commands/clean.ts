import { Command, Option } from "@commander-js/extra-typings";
import { escapeControls } from "../../base/byte-string.ts";
import { parseCount } from "../../base/count.ts";
import { formatDuration, parseDurationMs } from "../../base/duration.ts";
import { formatSize, parseSizeBytes } from "../../base/size.ts";
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
import { parseArgument } from "../options/parse-argument.ts";

export function defineCleanCommand(context: CommandContext) {
  return new Command("clean")
    .summary("evict old entries and delete garbage")
    .description(
      "Evict the least recently used entries until all limits are met, then delete everything that no entry needs. Without limits, " +
        "only delete garbage. Pinned entries are never evicted unless they are damaged. Safe to run alongside stores and restores.",
    )
    .addOption(defineCacheOption())
    .addOption(
      new Option("--max-age <duration>", "evict entries not used for this long, e.g. 7d, 48h, 1d 12h")
        .env("BTDT_MAX_AGE")
        .argParser((text: string) => parseArgument(text, parseDurationMs)),
    )
    .addOption(
      new Option(
        "--max-size <size>",
        "evict entries until the rest takes at most this much, e.g. 10GiB, 500MB",
      )
        .env("BTDT_MAX_SIZE")
        .argParser((text: string) => parseArgument(text, parseSizeBytes)),
    )
    .addOption(
      new Option("--max-entries <count>", "evict entries until no more than this many are left")
        .env("BTDT_MAX_ENTRIES")
        .argParser((text: string) => parseArgument(text, parseCount)),
    )
    .addOption(
      new Option(
        "--keep-last <count>",
        "spare this many entries, the most recently used ones, whatever the limits",
      )
        .env("BTDT_KEEP_LAST")
        .argParser((text: string) => parseArgument(text, parseCount)),
    )
    .option("--prefix <prefix>", "evict, count and spare only entries all of whose keys have this prefix", "")
    .addOption(defineDryRunOption("removed"))
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .addHelpText(
      "after",
      "\nExamples:\n  btdt clean --cache /cache --max-age 7d --max-size 10GiB\n" +
        "  btdt clean --cache /cache --prefix npm- --max-entries 20",
    )
    .action(async (options) => {
      const {
        maxAge: maxAgeMs,
        maxSize: maxSizeBytes,
        maxEntries,
        keepLast,
        prefix,
        dryRun,
        ...where
      } = options;
      const cache = await openAddressedCache(where, context);
      const limits = { maxAgeMs, maxSizeBytes, maxEntries, keepLast, prefix };
      const cleaned = await clean(cache, { ...limits, dryRun }, context.runtime);
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
