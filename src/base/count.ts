import { BtdtError } from "./errors.ts";

/** Parses a whole number of things. @throws BtdtError USAGE */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count)) {
    throw new BtdtError("USAGE", `invalid number "${text}"`, { hint: "use a whole number, such as 5" });
  }
  return count;
}
