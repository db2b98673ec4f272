import { type ByteString, display, joinBytes } from "../base/byte-string.ts";
import { formatNumber } from "../base/format-number.ts";
import type { FailureCode, SourceFailure } from "../read/source-failure.ts";

const MOST_NAMED = 3;
const REASONS: Readonly<Record<FailureCode, string>> = {
  SOURCE_CHANGED: "changed while it was being read",
  SOURCE_UNREADABLE: "could not be read",
};

/** `left out what could not be read: out/a, out/b, out/c and 12 more`: a sentence for each reason. */
export function describeSkipped(source: ByteString, skipped: readonly SourceFailure[]): string[] {
  return Object.entries(REASONS).flatMap(([code, reason]) => {
    const paths = skipped.filter((failure) => failure.code === code).map(({ path }) => path);
    if (paths.length === 0) return [];
    const named = paths.slice(0, MOST_NAMED).map((path) => display(joinBytes(source, path)));
    const others = paths.length - named.length;
    const rest = others === 0 ? "" : ` and ${formatNumber(others)} more`;
    return [`left out what ${reason}: ${named.join(", ")}${rest}`];
  });
}
