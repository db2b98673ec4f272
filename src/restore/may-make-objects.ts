import { isBtdtError } from "../base/errors.ts";
import { manifestPath } from "../cache/manifest-files.ts";
import { markUnflushed } from "../durability/unflushed-marks.ts";
import type { Target } from "./target.ts";

/** Whether a restore may make objects: they are not flushed, so only if a mark says so, which this leaves. */
export function mayMakeObjects({ cache, session, digest }: Target): boolean {
  if (session === undefined) return false;
  try {
    markUnflushed(cache, session, digest, manifestPath(cache, digest));
    return true;
  } catch (error) {
    if (!isBtdtError(error, "CACHE_WRITE_FAILED")) throw error;
    return false;
  }
}
