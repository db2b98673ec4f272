import { writeSync } from "node:fs";
import { formatSize } from "../src/base/size.ts";
import type { Measurement } from "./measure.ts";

/** Prints a table; the first measurement is btdt's, and every other one is what it is compared with. */
export function report(title: string, measurements: readonly Measurement[]): void {
  const [ours] = measurements;
  if (ours === undefined) return;
  const rows = [
    ["", "median", "fastest", "slowest", "memory", "btdt takes"],
    ...measurements.map((measurement, index) => [
      measurement.name,
      milliseconds(measurement.medianMs),
      milliseconds(measurement.fastestMs),
      milliseconds(measurement.slowestMs),
      // A small program's is not known: what is measured has the bench's own memory in it until the program starts.
      index === 0 ? formatSize(measurement.peakMemoryBytes) : "",
      index === 0 ? "" : `${(ours.medianMs / measurement.medianMs).toFixed(2)} x`,
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  "),
  );
  say(`\n${title}\n${lines.join("\n")}`);
}

export function say(text: string): void {
  writeSync(1, `${text}\n`);
}

function milliseconds(value: number): string {
  return value < 100 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`;
}
