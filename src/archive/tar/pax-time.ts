/** Seconds before or after 1970, rounded down, and the nanoseconds that follow. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const NANOSECONDS = 1_000_000_000n;
/** No file system has times with more digits, and this many are exact in a number. */
const DECIMAL = /^(-?)(\d{1,15})(?:\.(\d*))?$/;

/** A pax time: a decimal number of seconds since 1970, truncated to nanoseconds. Undefined for anything else. */
export function parsePaxTime(text: string): Timestamp | undefined {
  const [, sign, whole, fraction = ""] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const size = BigInt(whole) * NANOSECONDS + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  const isCut = /[1-9]/.test(fraction.slice(9));
  const total = sign === "-" ? -size - (isCut ? 1n : 0n) : size;
  const nanoseconds = ((total % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  return { seconds: Number((total - nanoseconds) / NANOSECONDS), nanoseconds: Number(nanoseconds) };
}

export function formatPaxTime({ seconds, nanoseconds }: Timestamp): string {
  const total = BigInt(seconds) * NANOSECONDS + BigInt(nanoseconds);
  const size = total < 0n ? -total : total;
  const fraction = `${size % NANOSECONDS}`.padStart(9, "0").replace(/0+$/, "");
  return `${total < 0n ? "-" : ""}${size / NANOSECONDS}${fraction === "" ? "" : `.${fraction}`}`;
}
