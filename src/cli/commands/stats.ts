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
    .summary("say how big the cache is and how often it hits")
    .description(
      "Tells what the entries take, what sharing saves, and how many restores were hits, fallback hits and misses on each UTC day.",
    )
    .addOption(cacheOption())
    .option("--openmetrics", "print it as OpenMetrics text, for a node exporter's textfile directory", false)
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
  if (stats.garbageBytes > 0)
    lines.push(`a clean would free ${formatSize(stats.garbageBytes)} that nothing needs`);
  const days = stats.restores.slice(0, MOST_DAYS);
  if (days.length === 0) return lines;
  const rows = days.map(({ day, hit, fallback, miss }) => [day, String(hit), String(fallback), String(miss)]);
  return [
    ...lines,
    ...tableLines([["DAY", "HITS", "FALLBACKS", "MISSES"], ...rows], [false, true, true, true]),
  ];
}
