import { BtdtError } from "./errors.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const UNITS: ReadonlyMap<string, number> = new Map([
  ...["ms", "msec", "millis", "millisecond", "milliseconds"].map((name): [string, number] => [name, 1]),
  ...["s", "sec", "secs", "second", "seconds"].map((name): [string, number] => [name, SECOND_MS]),
  ...["m", "min", "mins", "minute", "minutes"].map((name): [string, number] => [name, MINUTE_MS]),
  ...["h", "hr", "hrs", "hour", "hours"].map((name): [string, number] => [name, HOUR_MS]),
  ...["d", "day", "days"].map((name): [string, number] => [name, DAY_MS]),
  ...["w", "week", "weeks"].map((name): [string, number] => [name, 7 * DAY_MS]),
]);

/**
 * Parses `7d`, `48h`, `1d 12h`, `7days`, `1h30m`. A number without a unit is rejected as ambiguous.
 * @throws BtdtError USAGE
 */
export function parseDurationMs(text: string): number {
  const part = /(\d+(?:\.\d+)?)\s*([a-z]+)\s*/giy;
  const input = text.trim();
  let durationMs = 0;
  while (part.lastIndex < input.length) {
    const match = part.exec(input);
    const unitMs = match === null ? undefined : UNITS.get((match[2] ?? "").toLowerCase());
    if (match === null || unitMs === undefined) {
      durationMs = Number.NaN;
      break;
    }
    durationMs += Number(match[1]) * unitMs;
  }
  if (input === "" || !Number.isSafeInteger(Math.round(durationMs))) {
    throw new BtdtError("USAGE", `invalid duration "${text}"`, {
      hint: "use numbers and units, such as 7d, 48h, 1d 12h, 30min or 7days",
    });
  }
  return Math.round(durationMs);
}

/** Rounded to the two largest units: `3d 4h`, `12m 5s`, `0s`. */
export function formatDuration(durationMs: number): string {
  const units: readonly [string, number][] = [
    ["d", DAY_MS],
    ["h", HOUR_MS],
    ["m", MINUTE_MS],
    ["s", SECOND_MS],
  ];
  let restMs = Math.max(0, durationMs);
  const parts: string[] = [];
  for (const [name, unitMs] of units) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) parts.push(`${count}${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? "0s" : parts.join(" ");
}
