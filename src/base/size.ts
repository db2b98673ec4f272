import { BtdtError } from "./errors.ts";

const BINARY_UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Undefined for a unit that there is not. */
function factorOf(unit: string): number | undefined {
  if (unit === "b") return 1;
  const power = "kmgtp".indexOf(unit.charAt(0)) + 1;
  if (unit === "" || power === 0) return undefined;
  switch (unit.slice(1)) {
    case "":
    case "b":
      return 1000 ** power;
    case "i":
    case "ib":
      return 1024 ** power;
    default:
      return undefined;
  }
}

/**
 * Parses `10GiB`, `500MB`, `500Mi`, `1G`, `1.5 TiB` or `100B`: decimal unless the unit has an `i`. A number without a
 * unit is rejected as ambiguous, except 0.
 * @throws BtdtError USAGE
 */
export function parseSizeBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const [, number = "", unit = ""] = match ?? [];
  const factor = Number(number) === 0 && unit === "" && match !== null ? 1 : factorOf(unit.toLowerCase());
  const sizeBytes = factor === undefined ? Number.NaN : Math.round(Number(number) * factor);
  if (!Number.isSafeInteger(sizeBytes)) {
    throw new BtdtError("USAGE", `invalid size "${text}"`, {
      hint: "use a number and a unit, such as 500MB, 500Mi, 10GiB or 1G (decimal unless the unit has an i)",
    });
  }
  return sizeBytes;
}

/** `1536` is `1.5 KiB`; at most three digits, so that columns stay narrow. */
export function formatSize(sizeBytes: number): string {
  if (sizeBytes < 1024) return `${sizeBytes} B`;
  let value = sizeBytes / 1024;
  let unit = 0;
  while (value >= 999.5 && unit < BINARY_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${BINARY_UNITS[unit]}`;
}
