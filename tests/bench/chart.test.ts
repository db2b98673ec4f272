import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { renderChart } from "../../bench/chart.ts";
import { CHART_PATH } from "../../bench/draw.ts";
import { type BenchResults, readResults } from "../../bench/results.ts";
import { run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

const time = (name: string, medianMs: number) => ({
  name,
  medianMs,
  quartilesMs: { lower: medianMs * 0.9, upper: medianMs * 1.1 },
  fastestMs: medianMs * 0.8,
  slowestMs: medianMs * 100,
  cpuMs: medianMs * 1.5,
  peakMemoryBytes: 2 ** 20,
});

const results: BenchResults = {
  date: "2026-03-09",
  rounds: 5,
  machine: {
    processor: 'A & B "fast" <x>',
    threads: 2,
    memoryBytes: 8 * 2 ** 30,
    kernel: "Linux 6.1.0",
    fileSystem: "ext4",
  },
  versions: ["tar 1.34", ...Array.from({ length: 13 }, (_, index) => `tool-${index} 1.0`)],
  tree: { name: "node_modules", fileCount: 12_345, contentBytes: 100 * 2 ** 20 },
  comparisons: [
    {
      kind: "times",
      title: "Restore <now>",
      measurements: [time("btdt restore", 250), time("cp -al", 200), time("tar x & more", 1000)],
    },
    { kind: "times", title: "Start", measurements: [time("btdt hash", 6.25), time("/bin/true", 0.5)] },
    {
      kind: "sizes",
      title: "Size",
      sizes: [
        { name: "btdt cache", sizeBytes: 2 ** 20 },
        { name: "tar.zst", sizeBytes: 16 * 2 ** 20 },
      ],
    },
  ],
};

interface DrawnBar {
  readonly style: string | undefined;
  readonly x: number;
  readonly width: number;
  readonly title: string | undefined;
}

/** The bars of each group, in their order. */
function barsOf(chart: string): DrawnBar[][] {
  const bar =
    /<rect class="(\w+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="\d+" rx="2"><title>([^<]*)<\/title>/g;
  return [...chart.matchAll(/<g>[\s\S]*?<\/g>/g)].map(([group]) =>
    [...group.matchAll(bar)].map((match) => ({
      style: match[1],
      x: Number(match[2]),
      width: Number(match[3]),
      title: match[4],
    })),
  );
}

const textsOf = (chart: string): (string | undefined)[] =>
  [...chart.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);

test("every measurement is a bar with its value, and the ratio to btdt's", () => {
  const chart = renderChart(results);
  expect(barsOf(chart).map((group) => group.map(({ style, title }) => [style, title]))).toEqual([
    [
      ["ours", "btdt restore: 250 ms"],
      ["other", "cp -al: 200 ms"],
      ["other", "tar x &amp; more: 1.00 s"],
    ],
    [
      ["ours", "btdt hash: 6.3 ms"],
      ["other", "/bin/true: 0.5 ms"],
    ],
    [
      ["ours", "btdt cache: 1.0 MiB"],
      ["other", "tar.zst: 16 MiB"],
    ],
  ]);
  expect(textsOf(chart)).toEqual([
    "node_modules: 12,345 files, 100 MiB",
    expect.stringContaining("Shorter is better."),
    "Restore &lt;now&gt;",
    "btdt restore",
    "250 ms",
    "cp -al",
    "200 ms, 0.8 ×",
    "tar x &amp; more",
    "1.00 s, 4.0 ×",
    "Start",
    "btdt hash",
    "6.3 ms",
    "/bin/true",
    "0.5 ms, 0.08 ×",
    "Size",
    "btdt cache",
    "1.0 MiB",
    "tar.zst",
    "16 MiB, 16 ×",
    "A &amp; B &quot;fast&quot; &lt;x&gt;, 2 threads, 8.0 GiB, Linux 6.1.0, ext4",
    expect.stringMatching(/^2026-03-09, median of 5 rounds/),
    expect.stringMatching(/^tar 1\.34, tool-0 1\.0, .{50,95}$/),
    expect.stringMatching(/^tool-\d+ 1\.0, .*tool-12 1\.0$/),
  ]);
});

test("within a group, a bar is as long as its value, and none leaves the picture", () => {
  const groups = barsOf(renderChart(results));
  const values = [
    [250, 200, 1000],
    [6.25, 0.5],
    [1, 16],
  ];
  for (const [index, bars] of groups.entries()) {
    const [first] = bars;
    for (const [row, bar] of bars.entries()) {
      const expected = (values[index]?.[row] ?? Number.NaN) / (values[index]?.[0] ?? Number.NaN);
      expect(bar.x).toBe(first?.x ?? Number.NaN);
      // Widths are rounded to a tenth.
      expect(Math.abs(bar.width - expected * (first?.width ?? Number.NaN))).toBeLessThan(
        0.1 * expected + 0.1,
      );
      expect(bar.x + bar.width).toBeLessThan(880);
    }
  }
});

test("lines lie around the bar's end, whatever the slowest round was", () => {
  const chart = renderChart(results);
  const line = /<line class="range" x1="([\d.]+)" x2="([\d.]+)"/.exec(chart);
  const [bar] = barsOf(chart)[0] ?? [];
  const ratio = (x: string | undefined) => (Number(x) - (bar?.x ?? 0)) / (bar?.width ?? 0);
  expect(ratio(line?.[1])).toBeCloseTo(0.9, 2);
  expect(ratio(line?.[2])).toBeCloseTo(1.1, 2);
});

test("the versions of tools lie within the picture", () => {
  const chart = renderChart(results);
  const last = /y="(\d+)">[^<]*tool-12 1\.0</.exec(chart);
  const height = /<svg [^>]*height="(\d+)"/.exec(chart);
  expect(Number(last?.[1])).toBeGreaterThan(0);
  expect(Number(height?.[1])).toBeGreaterThan(Number(last?.[1]) + 10);
});

test("light and dark readers each get colours of their own", () => {
  const [light = "", dark = ""] = renderChart(results).split("@media (prefers-color-scheme: dark)");
  for (const style of [".ours", ".other", ".quiet", ".paper"]) {
    const colour = new RegExp(`\\${style} \\{[^}]*fill: (#\\w{6})`);
    expect(colour.exec(light)?.[1]).toBeString();
    expect(colour.exec(dark)?.[1]).toBeString();
    expect(colour.exec(dark)?.[1]).not.toBe(colour.exec(light)?.[1]);
  }
});

test("the chart in the documentation shows all results of the bench", () => {
  const committed = readResults();
  expect(readFileSync(CHART_PATH, "utf8")).toBe(renderChart(committed));
  expect(committed.comparisons.length).toBeGreaterThan(4);
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  expect(readme).toMatch(/!\[[^\]]+\]\(docs\/benchmark\.svg\)/);
});

test("the longest of its labels fits beside the bars", () => {
  const widestCharacterPx = 7.5;
  const chart = readFileSync(CHART_PATH, "utf8");
  const labels = [...chart.matchAll(/<text class="label" x="(\d+)"[^>]*>([^<]*)<\/text>/g)];
  expect(labels.length).toBeGreaterThan(20);
  for (const [, end, label = ""] of labels) {
    expect({ label, isCut: label.length * widestCharacterPx > Number(end) }).toEqual({ label, isCut: false });
  }
});

testWith(["xmllint"], "it is well-formed XML", async () => {
  const path = scratch.path("chart.svg");
  await Bun.write(path, renderChart(results));
  expect(run(["xmllint", "--noout", path])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
});
