/** The latest time and, negated, the earliest one that a `Date` can represent: the year 275,760. */
const FURTHEST_MS = 8_640_000_000_000_000;

/**
 * ISO 8601, UTC. File systems have times far beyond those of a `Date`; these become the furthest one that it can
 * represent.
 */
export function formatTime(timeMs: number): string {
  return new Date(Math.max(-FURTHEST_MS, Math.min(FURTHEST_MS, timeMs))).toISOString();
}
