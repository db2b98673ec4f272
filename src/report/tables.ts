import { escapeControls } from "../base/byte-string.ts";
import { formatDuration } from "../base/duration.ts";
import { formatNumber } from "../base/format-number.ts";
import { formatSize } from "../base/size.ts";
import { drawBar } from "./charts.ts";
import type { PrefixUse } from "./group-by-prefix.ts";
import { html, type Markup } from "./html.ts";
import type { CacheReport, EntryUse } from "./report.ts";

/** More would not be read, and make a page of many megabytes. */
const MOST_ROWS = 20;
const MOST_KEYS = 3;
const DAY_MS = 24 * 60 * 60 * 1000;

export function tabulatePrefixes(prefixes: readonly PrefixUse[]): Markup {
  const most = Math.max(0, ...prefixes.map(({ sizeBytes }) => sizeBytes));
  const rows = prefixes
    .slice(0, MOST_ROWS)
    .map(
      ({ prefix, entryCount, unsharedBytes, sizeBytes, ownBytes }) =>
        html`<tr><td class="wide"><bdi>${escapeControls(prefix)}</bdi>${drawBar(sizeBytes, most, ownBytes)}</td><td class="number">${formatNumber(entryCount)}</td><td class="number">${formatBytes(sizeBytes)}</td><td class="number">${formatBytes(ownBytes)}</td><td class="number">${formatBytes(unsharedBytes - sizeBytes)}</td></tr>`,
    );
  return table(["Prefix", "Entries", "Size", "Only here", "Saved"], rows, prefixes.length);
}

export function tabulateAges({ entries, nowMs }: CacheReport): Markup {
  const ends = [1, 7, 30, 90, Number.POSITIVE_INFINITY];
  const names = ["less than a day", "1 to 7 days", "7 to 30 days", "30 to 90 days", "more than 90 days"];
  const counts = ends.map((end, index) => {
    const start = index === 0 ? Number.NEGATIVE_INFINITY : (ends[index - 1] ?? 0);
    return entries.filter(({ lastUsedMs }) => {
      const days = (nowMs - lastUsedMs) / DAY_MS;
      return days >= start && days < end;
    }).length;
  });
  const most = Math.max(...counts);
  const rows = names.map((name, index) => {
    const count = counts[index] ?? 0;
    return html`<tr><td>${name}</td><td class="number">${formatNumber(count)}</td><td class="wide">${drawBar(count, most)}</td></tr>`;
  });
  return table(["Last used", "Entries", ""], rows, rows.length);
}

export function tabulateEntries(entries: readonly EntryUse[], nowMs: number): Markup {
  const most = Math.max(0, ...entries.map(({ sizeBytes }) => sizeBytes));
  const rows = entries.slice(0, MOST_ROWS).map((entry) => {
    const { keys, sizeBytes, freedBytes, lastUsedMs, isPinned, isDamaged } = entry;
    const states = [...(isPinned ? ["pinned"] : []), ...(isDamaged ? ["damaged"] : [])].join(", ");
    return html`<tr><td class="wide">${nameKeys(keys)} ${states}${drawBar(sizeBytes, most, freedBytes)}</td><td class="number">${formatBytes(sizeBytes)}</td><td class="number">${formatBytes(freedBytes)}</td><td class="number">${formatDuration(nowMs - lastUsedMs)}</td></tr>`;
  });
  return table(["Keys", "Size", "Frees", "Last used"], rows, entries.length);
}

export function tabulateEvictions({ clean }: CacheReport): Markup {
  const rows = clean.removed
    .slice(0, MOST_ROWS)
    .map(
      ({ keys, reason, freedBytes, lastUsedMs }) =>
        html`<tr><td class="wide">${nameKeys(keys)}</td><td class="number">${reason}</td><td class="number">${formatBytes(freedBytes)}</td><td class="number">${formatDuration(clean.nowMs - lastUsedMs)}</td></tr>`,
    );
  return table(["Keys", "Reason", "Frees", "Last used"], rows, clean.removed.length);
}

export function formatBytes(bytes: number): string {
  return formatSize(Math.round(bytes));
}

/** Isolated, because a key may contain characters that turn the direction of text. */
function nameKeys(keys: readonly string[]): Markup {
  const names = keys.slice(0, MOST_KEYS).map((key) => html`<bdi>${escapeControls(key)}</bdi> `);
  const others = keys.length - names.length;
  return html`${names}${others > 0 ? `and ${formatNumber(others)} more` : ""}`;
}

function table(headings: readonly string[], rows: readonly Markup[], count: number): Markup {
  const [first = "", ...others] = headings;
  const cells = others.map((heading) => html`<th class="number">${heading}</th>`);
  const more = count - rows.length;
  return html`<div class="scroll"><table><thead><tr><th>${first}</th>${cells}</tr></thead><tbody>${rows}</tbody></table></div>${more > 0 ? html`<p class="dim">and ${formatNumber(more)} more</p>` : ""}`;
}
