import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { loadManifestFile } from "../cache/manifest-files.ts";
import type { IntendedManifest } from "../cache/publish-intent.ts";
import { errnoOf } from "../fs/errno.ts";
import { manifestDigestOf } from "../manifest/codec.ts";
import { type BaseManifest, baseDigestOf, readBaseManifest } from "../manifest/delta-codec.ts";
import { nearestKey } from "./nearest-key.ts";

export interface NearestBase extends BaseManifest, IntendedManifest {}

/** Undefined if there is none, or none is wanted. */
export type BaseFinder = () => NearestBase | undefined;

/**
 * Looks for a base in the first call and remembers it. A clean may remove it in the meantime.
 * @param path of the tree, as recorded in the key files
 */
export function createBaseFinder(
  cache: CacheDirectory,
  keys: readonly string[],
  path: string | undefined,
): BaseFinder {
  let found: { readonly base: NearestBase | undefined } | undefined;
  return () => {
    found ??= { base: nearestBase(cache, keys, path) };
    return found.base;
  };
}

/** The manifest of the most similar key, or its base. Undefined if none can be used: the caller does without. */
function nearestBase(
  cache: CacheDirectory,
  keys: readonly string[],
  path: string | undefined,
): NearestBase | undefined {
  try {
    const nearest = nearestKey(cache, keys);
    if (nearest === undefined) return undefined;
    const tree = nearest.trees.find((each) => each.path === path) ?? nearest.trees[0];
    const digest = tree.manifest;
    const found = readSound(cache, digest);
    const furtherDigest = found === undefined ? undefined : baseDigestOf(found.file);
    const base = furtherDigest === undefined ? found : readSound(cache, furtherDigest);
    return base && { ...base, ...readBaseManifest(base.file, base.digest) };
  } catch (error) {
    if (!isBtdtError(error) && errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function readSound(cache: CacheDirectory, digest: string): IntendedManifest | undefined {
  const found = loadManifestFile(cache, digest);
  if (found === undefined || manifestDigestOf(found.bytes) !== digest) return undefined;
  return { digest, file: found.bytes, status: found.status };
}
