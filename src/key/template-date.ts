import { BtdtError } from "../base/errors.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The UTC date in an ISO 8601 form: `year` 2026, `month` 2026-03, `week` 2026-W11, `day` 2026-03-09.
 * @throws BtdtError USAGE
 */
export function formatDate(nowMs: number, form: string): string {
  const iso = new Date(nowMs).toISOString();
  switch (form) {
    case "day":
      return iso.slice(0, 10);
    case "week":
      return isoWeek(nowMs);
    case "month":
      return iso.slice(0, 7);
    case "year":
      return iso.slice(0, 4);
    default:
      throw new BtdtError("USAGE", `invalid {{ date("${form}") }}`, {
        hint: 'use day, week, month or year: {{ date("week") }}',
      });
  }
}

/** A week belongs to the year of its Thursday. */
function isoWeek(nowMs: number): string {
  const dayOfWeek = (new Date(nowMs).getUTCDay() + 6) % 7;
  const thursday = new Date(nowMs + (3 - dayOfWeek) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const dayOfYear = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS);
  const week = Math.floor(dayOfYear / 7) + 1;
  return `${year}-W${week.toString().padStart(2, "0")}`;
}
