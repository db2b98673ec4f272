import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderChart } from "./chart.ts";
import { type BenchResults, readResults } from "./results.ts";

export const CHART_PATH = join(import.meta.dir, "..", "docs", "benchmark.svg");

export function drawChart(results: BenchResults): void {
  writeFileSync(CHART_PATH, renderChart(results));
}

// `npm run chart`: redraws the last results without measuring.
if (import.meta.main) drawChart(readResults());
