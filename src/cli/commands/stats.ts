import { Command } from "@commander-js/extra-typings";
import { formatSize } from "../../base/size.ts";
import { openCache } from "../../cache/open-cache.ts";
import { type CacheStats, cacheStats } from "../../entry/cache-statistics.ts";
import type { CommandContext } from "../command-context.ts";
import { count } from "../describe.ts";
import { openMetrics } from "../open-metrics.ts";
import { cacheOption } from "../options/options.ts";
import { tableLines } from "../table.ts";

/** In the text; the document has them all. */
const MOST_DAYS = 14;

export function statsCommand(context: CommandContext) {
  const { output } = context;
  return new Command("stats")
    .summary("show cache size and hit counts")
    .description(
      "Show how much space the entries take, how much sharing saves, and the number of hits, fallbacks and misses on each day (UTC).",
    )
    .addOption(cacheOption())
    .option("--openmetrics", "print OpenMetrics text, e.g. for the node exporter's textfile collector", false)
    .addHelpText("after", "\nExample:\n  btdt stats --cache /cache")
    .action((options) => {
      const stats = cacheStats(openCache(options.cache, false), context.runtime.nowMs());
      output.document({ ...stats });
      const lines = options.openmetrics ? openMetrics(stats) : describe(stats);
      for (const line of lines) output.result(line);
    });
}

function describe(stats: CacheStats): string[] {
  const entries = count(stats.entryCount, "entry", "entries");
  const lines = [
    `${entries} under ${count(stats.keyCount, "key")}: ${formatSize(stats.keptBytes)}, ${formatSize(stats.savedBytes)} saved by sharing`,
  ];
  if (stats.garbageBytes > 0) lines.push(`clean would free ${formatSize(stats.garbageBytes)} of garbage`);
  const days = stats.restores.slice(0, MOST_DAYS);
  if (days.length === 0) return lines;
  const rows = days.map(({ day, hit, fallback, miss }) => [day, String(hit), String(fallback), String(miss)]);
  return [
    ...lines,
    ...tableLines([["DAY", "HITS", "FALLBACKS", "MISSES"], ...rows], [false, true, true, true]),
  ];
}
