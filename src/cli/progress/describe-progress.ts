import { formatDuration } from "../../base/duration.ts";
import { formatSize } from "../../base/size.ts";
import type { Measured } from "./meter.ts";

/** `45%`; undefined while nobody knows. Only what is done is 100%. */
export function percentage({ fraction }: Measured): string | undefined {
  return fraction === undefined ? undefined : `${Math.floor(fraction * 100)}%`;
}

/** `36,120 of 81,651 files, 1.2 GiB, 312 MiB/s, 12s left`; what is not known is left out. */
export function describeProgress(measured: Measured): string {
  const { phase, files, totalFiles, bytes, totalBytes, ratePerSecond, leftMs } = measured;
  const noun = phase.noun ?? "files";
  const parts: string[] = [];
  // Of a single file its bytes say more.
  if (totalFiles !== undefined && totalFiles > 1)
    parts.push(`${number(files)} of ${number(totalFiles)} ${noun}`);
  else if (totalFiles === undefined && files > 0) parts.push(`${number(files)} ${noun}`);
  if (phase.unit === "bytes") {
    const of = totalBytes === undefined ? "" : ` of ${formatSize(totalBytes)}`;
    parts.push(`${formatSize(bytes)}${of}`, `${formatSize(Math.round(ratePerSecond))}/s`);
  } else {
    parts.push(`${number(Math.round(ratePerSecond))} ${noun}/s`);
  }
  if (leftMs !== undefined) parts.push(`${formatDuration(Math.ceil(leftMs / 1000) * 1000)} left`);
  return parts.join(", ");
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
