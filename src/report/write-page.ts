import { formatNumber } from "../base/format-number.ts";
import { formatTime } from "../base/iso-time.ts";
import { drawDays } from "./charts.ts";
import { html, Markup } from "./html.ts";
import type { CacheReport } from "./report.ts";
import { STYLE } from "./style.ts";
import { formatBytes, tabulateAges, tabulateEntries, tabulateEvictions, tabulatePrefixes } from "./tables.ts";

/** Nothing is loaded, and no script runs, whatever is in the page. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/**
 * The report as an HTML document.
 * @param limits of the clean, as on the command line; empty for none
 */
export function writePage(report: CacheReport, limits: string): string {
  const { cachePath, entries, days, clean } = report;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>btdt: ${cachePath}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<h1>Cache <bdi>${cachePath}</bdi></h1>
<p class="dim">${formatTime(report.nowMs).slice(0, 16).replace("T", " ")} UTC</p>
<ul class="numbers">${summarizeNumbers(report)}</ul>
<h2>Restores in the last ${days.length} days</h2>
${drawDays(days)}
<h2>Size by key prefix</h2>
<p class="dim">The first part of a bar is what no other prefix needs; “saved” is what sharing within the prefix saves.</p>
${tabulatePrefixes(report.prefixes)}
<h2>Age</h2>
${tabulateAges(report)}
<h2>Largest entries</h2>
<p class="dim">The first part of a bar is what deleting that entry alone would free.</p>
${tabulateEntries(entries, report.nowMs)}
<h2>What a clean would remove</h2>
<p><code>btdt clean${limits === "" ? "" : ` ${limits}`}</code> would evict ${count(clean.removed.length, "entry", "entries")} and free about ${formatBytes(freedBytesOf(report))}; ${count(clean.kept.entryCount, "entry", "entries")} with ${formatBytes(clean.kept.bytes)} would be left.</p>
${clean.removed.length > 0 ? tabulateEvictions(report) : ""}
</body>
</html>
`;
  return page.markup;
}

function summarizeNumbers(report: CacheReport): Markup[] {
  const { days, entries } = report;
  const hits = days.reduce((sum, { hit }) => sum + hit, 0);
  const all = days.reduce((sum, { hit, fallback, miss }) => sum + hit + fallback + miss, 0);
  const numbers: [string, string][] = [
    [formatBytes(report.keptBytes), "in entries"],
    [formatBytes(Math.max(0, report.unsharedBytes - report.keptBytes)), "saved by sharing"],
    [formatBytes(report.garbageBytes), "of garbage"],
    [formatNumber(entries.length), `entries under ${count(report.keyCount, "key", "keys")}`],
    [all === 0 ? "–" : `${Math.floor((hits / all) * 100)} %`, `hits of ${count(all, "restore", "restores")}`],
  ];
  return numbers.map(([number, what]) => html`<li><strong>${number}</strong>${what}</li>`);
}

/** The difference that it makes; packs with less garbage than is worth rewriting make it a little less. */
function freedBytesOf({ keptBytes, garbageBytes, clean }: CacheReport): number {
  return Math.max(0, keptBytes + garbageBytes - clean.kept.bytes);
}

function count(number: number, noun: string, plural: string): string {
  return `${formatNumber(number)} ${number === 1 ? noun : plural}`;
}
