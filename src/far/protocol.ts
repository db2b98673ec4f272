/**
 * What keeps stores and cleans of a bucket from harming each other, without locks and conditional requests: periods by
 * the server's clock. `docs/bucket-format.md` has the argument; `tests/far/protocol.test.ts` checks it with a model.
 */

const HOUR_MS = 60 * 60 * 1000;

/**
 * A store publishes its keys within this time from when it looked at which packs are condemned, or begins again. The
 * hour that is left until `PUBLISHED_MS` is for the request itself.
 */
const LATEST_START_MS = 23 * HOUR_MS;
/** A key that was published later than this after the store began may name packs that are gone: it is stored again. */
const PUBLISHED_MS = 24 * HOUR_MS;
/** Longer than any store takes: what was condemned before, and what was uploaded before, no running store counts on. */
const GRACE_MS = 25 * HOUR_MS;

/** @param elapsedMs since the store began, by the server's clock */
export function mayPublish(elapsedMs: number): boolean {
  return elapsedMs < LATEST_START_MS;
}

/** @param elapsedMs since the store began until its keys were published */
export function isPublishedInTime(elapsedMs: number): boolean {
  return elapsedMs < PUBLISHED_MS;
}

/** A store whose upload began earlier than this would begin again: it has been killed. */
const ABANDONED_MS = 48 * HOUR_MS;

/** Whatever was begun earlier will not be finished. @param nowMs the server's clock */
export function endOfAbandoned(nowMs: number): number {
  return nowMs - ABANDONED_MS;
}

/** A pack or a mark of a pack. */
interface Dated {
  /** When it was written, by the server's clock. */
  readonly modifiedMs: number;
}

export type PackFate = "kept" | "young" | "to-condemn" | "condemned" | "to-delete";

/**
 * What a clean does with a pack.
 * @param nowMs the server's clock when the clean began to list keys
 * @param isNeeded whether any key that was listed from then on names it
 */
export function decideFate(pack: Dated, mark: Dated | undefined, isNeeded: boolean, nowMs: number): PackFate {
  if (isNeeded) return "kept";
  if (nowMs - pack.modifiedMs <= GRACE_MS) return "young";
  if (mark === undefined) return "to-condemn";
  return nowMs - mark.modifiedMs <= GRACE_MS ? "condemned" : "to-delete";
}
