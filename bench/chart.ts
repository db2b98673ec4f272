/**
 * Draws results as one SVG image: groups of bars, each group with its own scale. It adapts to light and dark mode by
 * itself, because pages that embed it as an image cannot style it.
 */
import { formatSize } from "../src/base/size.ts";
import type { BenchResults, Comparison } from "./results.ts";

const WIDTH = 920;
const MARGIN = 20;
/** Where bars begin; labels end before it. */
const BAR_X = 270;
/** The longest bar; after it, there is room for its value and ratio. */
const BAR_MAX_WIDTH = 440;
const BAR_HEIGHT = 16;
const ROW_HEIGHT = 24;
const TITLE_HEIGHT = 30;
const GROUP_GAP = 18;
const HEADER_HEIGHT = 72;
/** With two lines of caption. */
const FOOTER_HEIGHT = 64;
const CAPTION_LINE_HEIGHT = 20;
const CAPTION_LINE_LENGTH = 115;

const STYLE = `
  svg { color-scheme: light dark; }
  text { font: 14px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif; fill: #1f2328; }
  .heading { font-size: 18px; font-weight: 600; }
  .title { font-weight: 600; }
  .quiet { fill: #59636e; font-size: 13px; }
  .label { text-anchor: end; }
  .ours { fill: #0969da; }
  .other { fill: #afb8c1; }
  .range { stroke: #1f2328; stroke-width: 1.5; opacity: 0.55; }
  .paper { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .ours { fill: #4493f8; }
    .other { fill: #565d66; }
    .range { stroke: #f0f6fc; }
    .paper { fill: #0d1117; }
  }
`;

/** One bar, in the unit of its comparison. */
interface Bar {
  readonly name: string;
  readonly value: number;
  readonly text: string;
  /** The interquartile range; only if measured more than once. */
  readonly range?: readonly [number, number];
}

export function renderChart(results: BenchResults): string {
  const groups: string[] = [];
  let y = HEADER_HEIGHT;
  for (const comparison of results.comparisons) {
    const bars = barsOf(comparison);
    groups.push(renderGroup(comparison.title, bars, y));
    y += TITLE_HEIGHT + bars.length * ROW_HEIGHT + GROUP_GAP;
  }
  const { tree, machine, rounds, date } = results;
  const heading = `${tree.name}: ${tree.fileCount.toLocaleString("en-US")} files, ${formatSize(tree.contentBytes)}`;
  const caption = [
    `${machine.processor}, ${machine.threads} threads, ${formatSize(machine.memoryBytes)}, ${machine.kernel}, ${machine.fileSystem}`,
    `${date}, median of ${rounds} rounds with warm caches, all on one file system; half of the rounds lie on the thin line`,
    ...wrapWords(results.versions ?? []),
  ];
  const height = y + FOOTER_HEIGHT - GROUP_GAP + (caption.length - 2) * CAPTION_LINE_HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(`Benchmark of btdt, ${heading}`)}</title>
<style>${STYLE}</style>
<rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>
${textAt(MARGIN, 32, "heading", heading)}
${textAt(MARGIN, 54, "quiet", "Shorter is better. After each bar: the median, and how it compares with btdt's. Each group has its own scale.")}
${groups.join("\n")}
${caption.map((line, index) => textAt(MARGIN, y + 12 + index * CAPTION_LINE_HEIGHT, "quiet", line)).join("\n")}
</svg>
`;
}

/** Separated by commas, in lines that fit. */
function wrapWords(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const extended = lines.length === 0 ? word : `${lines.at(-1)}, ${word}`;
    if (lines.length > 0 && extended.length <= CAPTION_LINE_LENGTH) lines[lines.length - 1] = extended;
    else lines.push(word);
  }
  return lines;
}

function barsOf(comparison: Comparison): Bar[] {
  switch (comparison.kind) {
    case "times":
      return comparison.measurements.map(({ name, medianMs, quartilesMs }) => ({
        name,
        value: medianMs,
        text: formatTime(medianMs),
        range: [quartilesMs.lower, quartilesMs.upper],
      }));
    case "sizes":
      return comparison.sizes.map(({ name, sizeBytes }) => ({
        name,
        value: sizeBytes,
        text: formatSize(sizeBytes),
      }));
  }
}

function renderGroup(title: string, bars: readonly Bar[], top: number): string {
  const largest = Math.max(...bars.map(({ value, range }) => range?.[1] ?? value));
  const widthOf = (value: number): number => (value / largest) * BAR_MAX_WIDTH;
  const rows = bars.map((bar, index) => {
    const y = top + TITLE_HEIGHT + index * ROW_HEIGHT;
    const middle = y + BAR_HEIGHT / 2;
    const width = widthOf(bar.value);
    const [low, high] = (bar.range ?? [bar.value, bar.value]).map((value) => BAR_X + widthOf(value));
    return [
      textAt(BAR_X - 10, y + 13, "label", bar.name),
      `<rect class="${bar.name.startsWith("btdt ") ? "ours" : "other"}" x="${BAR_X}" y="${y}" width="${rounded(width)}" height="${BAR_HEIGHT}" rx="2"><title>${escaped(`${bar.name}: ${bar.text}`)}</title></rect>`,
      ...(bar.range === undefined
        ? []
        : [
            `<line class="range" x1="${rounded(low ?? 0)}" x2="${rounded(high ?? 0)}" y1="${middle}" y2="${middle}"/>`,
          ]),
      textAt(
        rounded(Math.max(BAR_X + width, high ?? 0) + 8),
        y + 13,
        "value",
        index === 0 ? bar.text : `${bar.text}, ${formatRatio(bar.value, bars[0]?.value ?? Number.NaN)}`,
      ),
    ].join("\n");
  });
  return `<g>\n${textAt(MARGIN, top + 14, "title", title)}\n${rows.join("\n")}\n</g>`;
}

/** A value as a multiple of btdt's: `3.4 ×`. */
function formatRatio(value: number, ours: number): string {
  const ratio = value / ours;
  return `${ratio < 9.95 ? ratio.toFixed(ratio < 0.095 ? 2 : 1) : Math.round(ratio)} ×`;
}

function formatTime(ms: number): string {
  if (ms < 99.5) return `${ms.toFixed(ms < 9.95 ? 1 : 0)} ms`;
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`;
}

function textAt(x: number, y: number, style: string, content: string): string {
  return `<text class="${style}" x="${x}" y="${y}">${escaped(content)}</text>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
