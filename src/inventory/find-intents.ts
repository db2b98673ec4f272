import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listSessions, type SessionTrace } from "../cache/list-sessions.ts";
import { manifestDigestOf } from "../manifest/codec.ts";
import type { Doubts } from "./doubts.ts";

export interface IntentsOfCache {
  readonly sessions: readonly SessionTrace[];
  /** The manifest files that live sessions are about to publish. */
  readonly intents: readonly Uint8Array[];
}

/** Sessions and their intents, listed twice for the same reason as in `listTwice`. */
export function findIntents(
  cache: CacheDirectory,
  nowMs: number,
  graceMs: number,
  doubts: Doubts,
): IntentsOfCache {
  if (cache.rootStatus() === undefined) return { sessions: [], intents: [] };
  const list = () => listSessions(cache, nowMs, graceMs);
  const found = doubts.attemptNeeds("the intents of running stores", () => [...list(), ...list()]);
  if (found === undefined) return { sessions: [], intents: [] };
  const sessions = new Map(found.map((session) => [session.directory, session]));
  const intents = new Map(
    found.flatMap((session) => session.intents).map((file) => [manifestDigestOf(file), file]),
  );
  return { sessions: [...sessions.values()], intents: [...intents.values()] };
}
