import { display } from "../../base/byte-string.ts";
import { formatNumber } from "../../base/format-number.ts";
import { formatSize } from "../../base/size.ts";
import { type CacheStatistics, measureStatistics } from "../../entry/cache-statistics.ts";
import type { Runtime } from "../../work/runtime.ts";
import type { CommandContext } from "../command-context.ts";
import { formatCount } from "../describe.ts";
import { formatMetrics, type MetricsFormat } from "../metrics.ts";
import { type OpenedCache, openAddressedCache } from "../open-addressed-cache.ts";
import { defineAnonymousOption, defineCaFileOption } from "../options/bucket-options.ts";
import { defineCacheOption } from "../options/cache-options.ts";
import { defineReadOnlyOption } from "../options/read-only-option.ts";
import { Command } from "../parser/command.ts";
import { Option } from "../parser/option.ts";
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
    .addOption(defineReadOnlyOption())
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
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
      const { stats, name, cleaning } = await measure(
        await openAddressedCache(options, context),
        context.runtime,
      );
      output.printDocument({ ...stats });
      const format = metricsFormat(options);
      const lines = format === undefined ? describe(stats, cleaning) : formatMetrics(stats, name, format);
      for (const line of lines) output.printResult(line);
    });
}

/** `name` is how metrics name the cache, `cleaning` what frees garbage. */
async function measure(
  cache: OpenedCache,
  runtime: Runtime,
): Promise<{ readonly stats: CacheStatistics; readonly name: string; readonly cleaning: string }> {
  switch (cache.kind) {
    case "directory": {
      const stats = await measureStatistics(cache.directory, runtime);
      return { stats, name: display(cache.directory.path), cleaning: "clean" };
    }
    case "bucket": {
      const stats = await cache.bucket.measure();
      return { stats, name: cache.bucket.address, cleaning: "cleans, within two days," };
    }
  }
}

function metricsFormat(options: { openmetrics: boolean; prometheus: boolean }): MetricsFormat | undefined {
  if (options.openmetrics) return "openmetrics";
  return options.prometheus ? "prometheus" : undefined;
}

function describe(stats: CacheStatistics, cleaning: string): string[] {
  const entries = formatCount(stats.entryCount, "entry", "entries");
  const lines = [
    `${entries} under ${formatCount(stats.keyCount, "key")}: ${formatSize(stats.keptBytes)}, ${formatSize(stats.savedBytes)} saved by sharing`,
  ];
  if (stats.garbageBytes > 0)
    lines.push(`${cleaning} would free ${formatSize(stats.garbageBytes)} of garbage`);
  const days = stats.restores.slice(0, MOST_DAYS);
  if (days.length === 0) return lines;
  const rows = days.map(({ day, hit, fallback, miss }) => [
    day,
    groupDigits(hit),
    groupDigits(fallback),
    groupDigits(miss),
  ]);
  return [
    ...lines,
    ...formatTable([["DAY", "HITS", "FALLBACKS", "MISSES"], ...rows], [false, true, true, true]),
  ];
}

/** `81,651` */
function groupDigits(count: number): string {
  return formatNumber(count);
}
