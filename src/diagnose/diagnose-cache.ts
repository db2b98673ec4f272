/**
 * Finds out what works in a cache and on its volume: who may use it, links, locks, space, clocks, and what a store of a
 * path would do. What is written to find out is removed again.
 */
import { release, type as systemType } from "node:os";
import { bytesFromText, display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import { openCache } from "../cache/open-cache.ts";
import { errnoOf } from "../fs/errno.ts";
import type { Check } from "./check.ts";
import { checkAccess } from "./check-access.ts";
import { checkSource } from "./check-source.ts";
import { checkVolume } from "./check-volume.ts";
import { TrialDirectory } from "./trial-directory.ts";
import { checkClock, checkLinks, checkLocks, checkReflinks } from "./try-volume.ts";

/** @param path what to store; undefined for the cache alone */
export function diagnoseCache(cachePath: string, path: string | undefined, nowMs: number): Check[] {
  const checks: Check[] = [{ name: "kernel", status: "ok", finding: `${systemType()} ${release()}` }];
  let cache: CacheDirectory;
  try {
    cache = openCache(cachePath, false);
  } catch (error) {
    return [...checks, failed("cache", error)];
  }
  const state = cache.isPrepared() ? "in use" : "empty";
  checks.push({ name: "cache", status: "ok", finding: `${display(cache.path)}, ${state}` });
  checks.push(...attempt("volume", cache, () => checkVolume(cache.path)));
  checks.push(...attempt("permissions", cache, () => checkAccess(cache)));
  let trial: TrialDirectory | undefined;
  try {
    trial = TrialDirectory.create(cache);
    const made = trial;
    checks.push({ name: "writing", status: "ok", finding: "a directory and a file can be made" });
    checks.push(...attempt("locks", cache, () => [checkLocks(made)]));
    checks.push(...attempt("links", cache, () => [checkLinks(made)]));
    checks.push(...attempt("reflinks", cache, () => [checkReflinks(made)]));
    checks.push(checkClock(made.madeMs, nowMs));
    if (path !== undefined) checks.push(...checkSource(cache, bytesFromText(path), made));
  } catch (error) {
    checks.push(failed("writing", cacheWriteError(cache, error)));
  } finally {
    trial?.close();
  }
  return checks;
}

function attempt(name: string, cache: CacheDirectory, check: () => Check[]): Check[] {
  try {
    return check();
  } catch (error) {
    return [failed(name, errnoOf(error) === undefined ? error : cacheWriteError(cache, error))];
  }
}

/** @throws the error, unless it is an expected one */
function failed(name: string, error: unknown): Check {
  if (!(error instanceof BtdtError)) throw error;
  const hint = error.hint === undefined ? "" : ` (${error.hint})`;
  return { name, status: "problem", finding: error.message + hint };
}
