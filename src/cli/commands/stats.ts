import { Command, Option } from "@commander-js/extra-typings";
import { display } from "../../base/byte-string.ts";
import { formatSize } from "../../base/size.ts";
import { openCache } from "../../cache/open-cache.ts";
import { type CacheStatistics, measureStatistics } from "../../entry/cache-statistics.ts";
import type { CommandContext } from "../command-context.ts";
import { formatCount } from "../describe.ts";
import { formatMetrics, type MetricsFormat } from "../metrics.ts";
import { defineCacheOption } from "../options/cache-options.ts";
import { formatTable } from "../table.ts";

/** In the text; the JSON document has all of them. */
const MOST_DAYS = 14;

export function defineStatsCommand(context: CommandContext) {
  const { output } = context;
  return new Command("stats")
    .summary("show cache size and hit counts")
    .description(
      "Show how much space the entries take, how much sharing saves, and the number of hits, fallbacks and misses on each day (UTC).",
    )
    .addOption(defineCacheOption())
    .addOption(
      new Option("--openmetrics", "print metrics in the OpenMetrics text format")
        .conflicts("prometheus")
        .default(false),
    )
    .addOption(
      new Option(
        "--prometheus",
        "print metrics in the Prometheus text format, which the node exporter's textfile collector reads",
      ).default(false),
    )
    .addHelpText("after", "\nExample:\n  btdt stats --cache /cache")
    .action(async (options) => {
      const cache = openCache(options.cache, false);
      const stats = await measureStatistics(cache, context.runtime);
      output.printDocument({ ...stats });
      const format = metricsFormat(options);
      const lines =
        format === undefined ? describe(stats) : formatMetrics(stats, display(cache.path), format);
      for (const line of lines) output.printResult(line);
    });
}

function metricsFormat(options: { openmetrics: boolean; prometheus: boolean }): MetricsFormat | undefined {
  if (options.openmetrics) return "openmetrics";
  return options.prometheus ? "prometheus" : undefined;
}

function describe(stats: CacheStatistics): string[] {
  const entries = formatCount(stats.entryCount, "entry", "entries");
  const lines = [
    `${entries} under ${formatCount(stats.keyCount, "key")}: ${formatSize(stats.keptBytes)}, ${formatSize(stats.savedBytes)} saved by sharing`,
  ];
  if (stats.garbageBytes > 0) lines.push(`clean would free ${formatSize(stats.garbageBytes)} of garbage`);
  const days = stats.restores.slice(0, MOST_DAYS);
  if (days.length === 0) return lines;
  const rows = days.map(({ day, hit, fallback, miss }) => [day, String(hit), String(fallback), String(miss)]);
  return [
    ...lines,
    ...formatTable([["DAY", "HITS", "FALLBACKS", "MISSES"], ...rows], [false, true, true, true]),
  ];
}
