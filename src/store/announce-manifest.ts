import { isBtdtError } from "../base/errors.ts";
import { LARGEST_PAYLOAD_BYTES } from "../base/format/payload-file.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { loadManifestFile, statManifestFile, touchManifestFile } from "../cache/manifest-files.ts";
import { type IntendedManifest, publishIntent } from "../cache/publish-intent.ts";
import type { Session } from "../cache/session.ts";
import { errnoOf } from "../fs/errno.ts";
import { encodeManifest, manifestDigestOf } from "../manifest/codec.ts";
import { type BaseManifest, baseDigestOf, encodeDelta, readBaseManifest } from "../manifest/delta-codec.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { nearestKey } from "./nearest-key.ts";

/**
 * A complete manifest takes about half of its payload's size. A delta that saves less than three quarters of that is
 * not worth a second file on each restore.
 */
const WORTHWHILE_RATIO = 1 / 8;

export type AnnouncedManifest = IntendedManifest;

interface NearestBase extends BaseManifest, IntendedManifest {}

/** How a manifest is going to be used. */
export interface ManifestUse {
  readonly keys: readonly string[];
  /** As recorded in the key files. */
  readonly path: string | undefined;
  readonly asDelta: boolean;
}

/**
 * Encodes a manifest and announces it as the session's intent.
 *
 * With `asDelta`, it becomes the difference from a manifest of the most similar key, if that is much smaller: this
 * matters if contents are packed, because the manifest is the largest part of an entry that changed a little.
 * Otherwise, restores read nothing else before they link, so a second file would be noticeable.
 * @throws BtdtError SOURCE_UNSUPPORTED, CACHE_WRITE_FAILED, CANCELLED
 */
export async function announceManifest(
  cache: CacheDirectory,
  session: Session,
  { keys, path, asDelta }: ManifestUse,
  manifest: Manifest,
  isCancelled: () => boolean,
): Promise<AnnouncedManifest> {
  const base = asDelta ? nearestBase(cache, keys, path) : undefined;
  const smaller = base === undefined ? undefined : asDifference(manifest, base);
  if (base !== undefined && smaller !== undefined) {
    touchManifestFile(cache, base.digest);
    await publishIntent(cache, session, smaller, isCancelled);
    // From here on, no clean removes the base. An earlier one may have.
    if (statManifestFile(cache, base.digest) !== undefined) return smaller;
  }
  const whole = announced(encodeManifest(manifest));
  await publishIntent(cache, session, whole, isCancelled);
  return whole;
}

/** Undefined if the two have little in common. */
function asDifference(manifest: Manifest, base: NearestBase): AnnouncedManifest | undefined {
  if (manifest.payload.length > LARGEST_PAYLOAD_BYTES) return undefined;
  if (Buffer.compare(base.payload, manifest.payload) === 0) return base;
  const file = encodeDelta(manifest, base);
  return file.length < manifest.payload.length * WORTHWHILE_RATIO ? announced(file) : undefined;
}

function announced(file: Uint8Array): AnnouncedManifest {
  return { digest: manifestDigestOf(file), file };
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
