import type { CacheStatistics } from "../entry/cache-statistics.ts";

/** Lines of the OpenMetrics text format, including the final `# EOF`. https://openmetrics.io */
export function formatOpenMetrics(stats: CacheStatistics): string[] {
  const lines: string[] = [];
  const gauge = (name: string, help: string, value: number): void => {
    lines.push(`# TYPE ${name} gauge`, `# HELP ${name} ${help}`, `${name} ${value}`);
  };
  gauge("btdt_keys", "Keys in the cache.", stats.keyCount);
  gauge("btdt_entries", "Entries in the cache; keys with the same contents share one.", stats.entryCount);
  gauge("btdt_kept_bytes", "Disk space that entries take.", stats.keptBytes);
  gauge("btdt_saved_bytes", "Disk space saved by sharing between entries.", stats.savedBytes);
  gauge(
    "btdt_garbage_bytes",
    "Disk space that the next clean frees regardless of limits.",
    stats.garbageBytes,
  );
  lines.push("# TYPE btdt_restores counter", "# HELP btdt_restores Restores by outcome.");
  for (const outcome of ["hit", "fallback", "miss"] as const) {
    const total = stats.restores.reduce((sum, day) => sum + day[outcome], 0);
    lines.push(`btdt_restores_total{outcome="${outcome}"} ${total}`);
  }
  return [...lines, "# EOF"];
}
