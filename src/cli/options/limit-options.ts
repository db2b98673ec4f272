import { parseCount } from "../../base/count.ts";
import { formatDuration, parseDurationMs } from "../../base/duration.ts";
import { formatSize, parseSizeBytes } from "../../base/size.ts";
import { Option } from "../parser/option.ts";
import { parseArgument } from "./parse-argument.ts";

/** Options that decide what a clean evicts. */

export function defineMaxAgeOption() {
  return new Option("--max-age <duration>", "evict entries not used for this long, e.g. 7d, 48h, 1d 12h")
    .env("BTDT_MAX_AGE")
    .argParser((text: string) => parseArgument(text, parseDurationMs));
}

export function defineSizeLimitOption() {
  return new Option(
    "--max-size <size>",
    "evict entries until the rest takes at most this much, e.g. 10GiB, 500MB",
  )
    .env("BTDT_MAX_SIZE")
    .argParser((text: string) => parseArgument(text, parseSizeBytes));
}

export function defineMaxEntriesOption() {
  return new Option("--max-entries <count>", "evict entries until no more than this many are left")
    .env("BTDT_MAX_ENTRIES")
    .argParser((text: string) => parseArgument(text, parseCount));
}

export function defineKeepLastOption() {
  return new Option(
    "--keep-last <count>",
    "spare this many entries, the most recently used ones, whatever the limits",
  )
    .env("BTDT_KEEP_LAST")
    .argParser((text: string) => parseArgument(text, parseCount));
}

export function defineScopeOption() {
  return new Option(
    "--prefix <prefix>",
    "evict, count and spare only entries all of whose keys have this prefix",
  ).default("");
}

/** What these options say, for a clean. */
export function limitsOf(options: {
  readonly maxAge?: number | undefined;
  readonly maxSize?: number | undefined;
  readonly maxEntries?: number | undefined;
  readonly keepLast?: number | undefined;
  readonly prefix: string;
}) {
  const { maxAge, maxSize, maxEntries, keepLast, prefix } = options;
  return { maxAgeMs: maxAge, maxSizeBytes: maxSize, maxEntries, keepLast, prefix };
}

/** The same as words of a command line. */
export function quoteLimits(options: Parameters<typeof limitsOf>[0]): string {
  const { maxAge, maxSize, maxEntries, keepLast, prefix } = options;
  const words = [
    ["--max-age", maxAge === undefined ? undefined : exact(maxAge, formatDuration, parseDurationMs, "ms")],
    ["--max-size", maxSize === undefined ? undefined : exact(maxSize, formatSize, parseSizeBytes, "B")],
    ["--max-entries", maxEntries],
    ["--keep-last", keepLast],
    ["--prefix", prefix === "" ? undefined : prefix],
  ] as const;
  return words
    .flatMap(([option, value]) => (value === undefined ? [] : [option, quoteWord(String(value))]))
    .join(" ");
}

/** The rounded form if it means the same, else the number with its unit. */
function exact(
  value: number,
  format: (value: number) => string,
  parse: (text: string) => number,
  unit: string,
): string {
  const text = format(value).replaceAll(" ", "");
  return parse(text) === value ? text : `${value}${unit}`;
}

function quoteWord(word: string): string {
  return /^[\w.,:/@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
