import { Command, Option } from "@commander-js/extra-typings";
import { escapeControls } from "../../base/byte-string.ts";
import { formatDuration } from "../../base/duration.ts";
import { formatSize } from "../../base/size.ts";
import { openCache } from "../../cache/open-cache.ts";
import { cleanCache } from "../../upkeep/clean.ts";
import type { CommandContext } from "../command-context.ts";
import { count } from "../describe.ts";
import { cacheOption, durationArgument, sizeArgument } from "../options/options.ts";

export function cleanCommand(context: CommandContext) {
  return new Command("clean")
    .summary("remove what is old, too much or left over")
    .description(
      "Removes entries, the least recently used first, until both limits hold, and everything that no entry needs. Without " +
        "limits only the latter. It may run beside stores and restores.",
    )
    .addOption(cacheOption())
    .addOption(
      new Option("--max-age <duration>", "remove entries not used for so long: 7d, 48h, 1d 12h")
        .env("BTDT_MAX_AGE")
        .argParser(durationArgument),
    )
    .addOption(
      new Option("--max-size <size>", "remove entries until the rest takes at most: 10GiB, 500MB")
        .env("BTDT_MAX_SIZE")
        .argParser(sizeArgument),
    )
    .addOption(new Option("--dry-run", "only say what would be removed").env("BTDT_DRY_RUN").default(false))
    .addHelpText("after", "\nExample:\n  btdt clean --cache /cache --max-age 7d --max-size 10GiB")
    .action(async (options) => {
      const cache = openCache(options.cache, false);
      const cleaned = await cleanCache(
        { cache, maxAgeMs: options.maxAge, maxSizeBytes: options.maxSize, dryRun: options.dryRun },
        context.runtime,
      );
      const removed = options.dryRun ? "Would remove" : "Removed";
      for (const entry of cleaned.removed) {
        const age = formatDuration(cleaned.nowMs - entry.lastUsedMs);
        const keys = entry.keys.map(escapeControls).join(", ");
        context.output.result(
          `${removed} ${keys} (${entry.reason}): last used ${age} ago, frees ${formatSize(entry.freedBytes)}`,
        );
      }
      if (cleaned.garbage.count > 0) {
        const things = count(cleaned.garbage.count, "left-over thing");
        context.output.result(`${removed} ${things}: frees ${formatSize(cleaned.garbage.bytes)}`);
      }
      const { packs } = cleaned;
      if (packs.removedCount > 0) {
        const things = count(packs.removedCount, "pack");
        context.output.result(`${removed} ${things}: frees ${formatSize(packs.removedBytes)}`);
      }
      if (packs.rewrittenCount > 0) {
        const rewrote = options.dryRun ? "Would rewrite" : "Rewrote";
        const things = count(packs.rewrittenCount, "pack");
        context.output.result(
          `${rewrote} ${things} without what is not needed: frees ${formatSize(packs.rewrittenFreedBytes)}`,
        );
      }
      const entries = count(cleaned.kept.entryCount, "entry", "entries");
      context.output.result(
        `${options.dryRun ? "Would keep" : "Kept"} ${entries}, ${formatSize(cleaned.kept.bytes)}`,
      );
      context.output.document({ ...cleaned, dryRun: options.dryRun });
    });
}
