import { formatNumber } from "../base/format-number.ts";
import type { DayCounts } from "../cache/restore-counts.ts";
import { html, type Markup } from "./html.ts";

/** The width of a day in the chart's own units; it is stretched to the width of the page. */
const DAY_WIDTH = 10;
const HEIGHT = 100;
/** Kinds of restores, from the bottom of a bar to its top. */
const OUTCOMES = ["hit", "fallback", "miss"] as const;

/**
 * A bar for each day, of its hits, fallbacks and misses. Text is outside of the picture, which shrinks on a phone.
 */
export function drawDays(days: readonly DayCounts[]): Markup {
  const most = Math.max(1, ...days.map(countOf));
  const bars = days.map((day, index) => {
    let top = HEIGHT;
    const parts = OUTCOMES.map((outcome) => {
      const height = (day[outcome] / most) * HEIGHT;
      top -= height;
      return html`<rect class="${outcome}" x="${index * DAY_WIDTH + 1}" y="${top}" width="${DAY_WIDTH - 2}" height="${height}"/>`;
    });
    return html`<g><title>${describeDay(day)}</title>${parts}</g>`;
  });
  const width = days.length * DAY_WIDTH;
  return html`<figure>
<div class="scale">${formatNumber(most)}</div>
<svg role="img" aria-label="Restores on each day" class="days" viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none">${bars}</svg>
<div class="axis"><span>${days[0]?.day ?? ""}</span><span>${days.at(-1)?.day ?? ""}</span></div>
<figcaption>${OUTCOMES.map((outcome) => html`<span class="legend"><svg viewBox="0 0 10 10"><rect class="${outcome}" width="10" height="10"/></svg> ${nameOf(outcome)}</span> `)}</figcaption>
</figure>`;
}

/**
 * A bar for a cell of a table.
 * @param most what the longest bar of the table stands for
 * @param part the stronger beginning of the bar
 */
export function drawBar(value: number, most: number, part = value): Markup {
  const scale = (bytes: number): number => (most === 0 ? 0 : (bytes / most) * 100);
  return html`<svg class="bar" aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none"><rect class="all" width="${scale(value)}" height="10"/><rect class="part" width="${scale(part)}" height="10"/></svg>`;
}

function describeDay(day: DayCounts): string {
  return `${day.day}: ${OUTCOMES.map((outcome) => `${nameOf(outcome)}: ${day[outcome]}`).join(", ")}`;
}

function nameOf(outcome: (typeof OUTCOMES)[number]): string {
  return { hit: "hits", fallback: "fallbacks", miss: "misses" }[outcome];
}

function countOf({ hit, fallback, miss }: DayCounts): number {
  return hit + fallback + miss;
}
