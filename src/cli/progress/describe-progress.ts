import { formatDuration } from "../../base/duration.ts";
import { formatNumber } from "../../base/format-number.ts";
import { formatSize } from "../../base/size.ts";
import type { Measurement } from "./meter.ts";

/** `45%`, rounded down so that 100% means done; undefined while the total is unknown. */
export function formatPercent({ fraction }: Measurement): string | undefined {
  return fraction === undefined ? undefined : `${Math.floor(fraction * 100)}%`;
}

/** `36,120 of 81,651 files, 1.2 GiB, 312 MiB/s, 12s left`; unknown parts are left out. */
export function describeProgress(measured: Measurement): string {
  const { phase, files, totalFiles, bytes, totalBytes, ratePerSecond, leftMs } = measured;
  const noun = phase.noun ?? "files";
  const parts: string[] = [];
  // For a single file, its bytes say more.
  if (totalFiles !== undefined && totalFiles > 1)
    parts.push(`${formatNumber(files)} of ${formatNumber(totalFiles)} ${noun}`);
  else if (totalFiles === undefined && files > 0) parts.push(`${formatNumber(files)} ${noun}`);
  if (phase.unit === "bytes") {
    const of = totalBytes === undefined ? "" : ` of ${formatSize(totalBytes)}`;
    parts.push(`${formatSize(bytes)}${of}`, `${formatSize(Math.round(ratePerSecond))}/s`);
  } else {
    parts.push(`${formatNumber(Math.round(ratePerSecond))} ${noun}/s`);
  }
  if (leftMs !== undefined) parts.push(`${formatDuration(Math.ceil(leftMs / 1000) * 1000)} left`);
  return parts.join(", ");
}
