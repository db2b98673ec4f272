import { writeSync } from "node:fs";
import { formatSize } from "../src/base/size.ts";
import type { Comparison } from "./results.ts";

/** Prints a table. Ratios compare btdt, the first row, with each of the others. */
export function report(comparison: Comparison): void {
  const rows = comparison.kind === "times" ? rowsOfTimes(comparison) : rowsOfSizes(comparison);
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
  say(`\n${comparison.title}\n${lines.join("\n")}`);
}

function rowsOfTimes({ measurements }: Extract<Comparison, { kind: "times" }>): string[][] {
  const ours = measurements[0]?.medianMs ?? Number.NaN;
  return [
    ["", "median", "fastest", "slowest", "CPU", "memory", "btdt takes"],
    ...measurements.map((measurement, index) => [
      measurement.name,
      milliseconds(measurement.medianMs),
      milliseconds(measurement.fastestMs),
      milliseconds(measurement.slowestMs),
      milliseconds(measurement.cpuMs),
      // Unknown for small programs: until they start, the measurement includes the memory of this process.
      index === 0 ? formatSize(measurement.peakMemoryBytes) : "",
      index === 0 ? "" : `${(ours / measurement.medianMs).toFixed(2)} x`,
    ]),
  ];
}

function rowsOfSizes({ sizes }: Extract<Comparison, { kind: "sizes" }>): string[][] {
  const ours = sizes[0]?.sizeBytes ?? Number.NaN;
  return [
    ["", "size", "btdt takes"],
    ...sizes.map(({ name, sizeBytes }, index) => [
      name,
      formatSize(sizeBytes),
      index === 0 ? "" : `${(ours / sizeBytes).toFixed(2)} x`,
    ]),
  ];
}

export function say(text: string): void {
  writeSync(1, `${text}\n`);
}

function milliseconds(value: number): string {
  return value < 100 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`;
}
