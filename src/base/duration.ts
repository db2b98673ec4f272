import { BtdtError } from "./errors.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Undefined for a unit that there is not. */
function lengthMsOf(unit: string): number | undefined {
  switch (unit) {
    case "ms":
    case "msec":
    case "millis":
    case "millisecond":
    case "milliseconds":
      return 1;
    case "s":
    case "sec":
    case "secs":
    case "second":
    case "seconds":
      return SECOND_MS;
    case "m":
    case "min":
    case "mins":
    case "minute":
    case "minutes":
      return MINUTE_MS;
    case "h":
    case "hr":
    case "hrs":
    case "hour":
    case "hours":
      return HOUR_MS;
    case "d":
    case "day":
    case "days":
      return DAY_MS;
    case "w":
    case "week":
    case "weeks":
      return 7 * DAY_MS;
    default:
      return undefined;
  }
}

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
    const unitMs = match === null ? undefined : lengthMsOf((match[2] ?? "").toLowerCase());
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
