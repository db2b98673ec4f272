import { statSync } from "node:fs";
import { type ByteString, bytesFromText, display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { findPathOverlap } from "../base/path-overlap.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { lstat } from "../fs/native/file-status.ts";
import { isWithin, resolvePath } from "../fs/resolve-path.ts";
import { recordablePath } from "../key/recorded-path.ts";
import { IgnoreRules } from "../read/ignore-rules.ts";
import type { WatchedPattern } from "../read/watched-pattern.ts";

/** What will become a tree of an entry. */
export interface Source {
  /** As given by the user; undefined for a tree that is made to be stored. */
  readonly name: ByteString | undefined;
  readonly path: ByteString;
  /** Undefined for a single file. */
  readonly ignoreRules: IgnoreRules | undefined;
  /** Where a restore without destinations puts it; see `StoredTree`. */
  readonly recordedPath: string | undefined;
  /** How many paths a tree that was made to be stored has, with its root. */
  readonly pathCount?: number;
}

interface FoundSource extends Source {
  readonly name: ByteString;
  /** Absolute, without symlinks. */
  readonly resolved: ByteString;
}

/**
 * Examines what is to be stored. Sources must not overlap, neither where they are now nor where they would be
 * restored.
 * @param watched patterns that are to see all their paths
 * @throws BtdtError USAGE, SOURCE_MISSING, SOURCE_UNREADABLE, SOURCE_UNSUPPORTED, SOURCE_INSIDE_CACHE
 */
export function findSources(
  request: {
    readonly sources: readonly [string, ...string[]];
    readonly excludePatterns: readonly string[];
  },
  cache: CacheDirectory,
  watched: readonly WatchedPattern[] = [],
): readonly [Source, ...Source[]] {
  const newRules = (): IgnoreRules => new IgnoreRules(request.excludePatterns, true, watched);
  const find = (given: string): FoundSource => findSource(given, newRules, cache);
  const [first, ...others] = request.sources;
  const sources = [find(first), ...others.map(find)] as const;
  assertApart(sources, ({ resolved }) => resolved);
  const recorded = sources.filter(({ recordedPath }) => recordedPath !== undefined);
  assertApart(recorded, ({ recordedPath }) => recordedPath ?? "");
  return sources;
}

function assertApart(sources: readonly FoundSource[], pathOf: (source: FoundSource) => string): void {
  const paths = sources.map(pathOf);
  const overlap = findPathOverlap(paths);
  if (overlap === undefined) return;
  const { inner, outer } = overlap;
  const [innerName, outerName] = [inner, outer].map((index) =>
    display(sources[index]?.name ?? ("" as ByteString)),
  );
  const isSame = paths[inner] === paths[outer];
  throw new BtdtError(
    "USAGE",
    isSame ? `${innerName} is given twice` : `${innerName} lies inside ${outerName}`,
    { hint: isSame ? "give each path once" : `paths in one entry must not overlap; leave out ${innerName}` },
  );
}

/** A symlink named by the user is followed; those inside a directory are not. */
function findSource(given: string, newRules: () => IgnoreRules, cache: CacheDirectory): FoundSource {
  const bytes = bytesFromText(given);
  const shown = display(bytes);
  try {
    const stats = statSync(given);
    if (!stats.isDirectory() && !stats.isFile()) {
      throw new BtdtError("SOURCE_UNSUPPORTED", `${shown} is neither a directory nor a file`, {
        path: shown,
      });
    }
    const resolved = resolvePath(bytes);
    if (isInCache(resolved, cache)) {
      throw new BtdtError("SOURCE_INSIDE_CACHE", `${shown} is part of the cache itself`, {
        path: shown,
        hint: "store a directory outside the cache",
      });
    }
    return {
      name: bytes,
      path: lstat(bytes)?.kind === "symlink" ? resolved : bytes,
      ignoreRules: stats.isDirectory() ? newRules() : undefined,
      recordedPath: recordedPathOf(given, resolved),
      resolved,
    };
  } catch (error) {
    if (error instanceof BtdtError) throw error;
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") {
      throw new BtdtError("SOURCE_MISSING", `cannot store ${shown}: no such file or directory`, {
        path: shown,
        hint: "did the previous step create it?",
      });
    }
    throw new BtdtError("SOURCE_UNREADABLE", `cannot read ${shown}: ${reasonOf(error)}`, {
      path: shown,
      cause: error,
    });
  }
}

/** False if the cache cannot be reached, which says nothing about the source: what writes to the cache will report it. */
function isInCache(resolved: ByteString, cache: CacheDirectory): boolean {
  if (cache.rootStatus() === undefined) return false;
  try {
    return isWithin(resolved, resolvePath(cache.root));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** After a symlink, `..` leads elsewhere than its text says: then the path is not recorded. */
function recordedPathOf(given: string, resolved: ByteString): string | undefined {
  const path = recordablePath(given);
  if (path === undefined) return undefined;
  try {
    return resolvePath(bytesFromText(path)) === resolved ? path : undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
