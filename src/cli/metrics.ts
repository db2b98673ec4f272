import type { CacheStatistics } from "../entry/cache-statistics.ts";

/**
 * The text formats of https://openmetrics.io and of
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format, which the node exporter's textfile
 * collector reads. They differ in what a counter is called where its type is declared.
 */
export type MetricsFormat = "openmetrics" | "prometheus";

/**
 * @param cachePath the label `cache` of every sample, which tells caches apart
 * @returns lines
 */
export function formatMetrics(stats: CacheStatistics, cachePath: string, format: MetricsFormat): string[] {
  const lines: string[] = [];
  const cache = `cache="${escapeLabel(cachePath)}"`;
  const gauge = (name: string, help: string, value: number | undefined): void => {
    if (value === undefined) return;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name}{${cache}} ${value}`);
  };
  gauge("btdt_keys", "Keys in the cache.", stats.keyCount);
  gauge("btdt_entries", "Entries in the cache; keys with the same contents share one.", stats.entryCount);
  gauge("btdt_damaged_entries", "Entries that cannot be restored.", stats.damagedCount);
  gauge("btdt_kept_bytes", "Disk space that entries take.", stats.keptBytes);
  gauge("btdt_saved_bytes", "Disk space saved by sharing between entries.", stats.savedBytes);
  gauge(
    "btdt_garbage_bytes",
    "Disk space that the next clean frees regardless of limits.",
    stats.garbageBytes,
  );
  gauge("btdt_last_clean_timestamp_seconds", "When the last clean ended.", seconds(stats.lastCleanMs));
  gauge(
    "btdt_oldest_use_timestamp_seconds",
    "When the least recently used entry was last used.",
    seconds(stats.oldestUseMs),
  );
  const family = format === "prometheus" ? "btdt_restores_total" : "btdt_restores";
  lines.push(`# HELP ${family} Restores by outcome.`, `# TYPE ${family} counter`);
  for (const outcome of ["hit", "fallback", "miss"] as const) {
    const total = stats.restores.reduce((sum, day) => sum + day[outcome], 0);
    lines.push(`btdt_restores_total{${cache},outcome="${outcome}"} ${total}`);
  }
  return format === "prometheus" ? lines : [...lines, "# EOF"];
}

function seconds(timeMs: number | undefined): number | undefined {
  return timeMs === undefined ? undefined : Math.floor(timeMs / 1000);
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
