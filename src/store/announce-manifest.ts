import { LARGEST_PAYLOAD_BYTES } from "../base/format/payload-file.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { statManifestFile, touchManifestFile } from "../cache/manifest-files.ts";
import { type IntendedManifest, publishIntent } from "../cache/publish-intent.ts";
import type { Session } from "../cache/session.ts";
import { encodeManifest, manifestDigestOf } from "../manifest/codec.ts";
import { encodeDelta } from "../manifest/delta-codec.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { BaseFinder, NearestBase } from "./nearest-base.ts";

/**
 * A complete manifest takes about half of its payload's size. A delta that saves less than three quarters of that is
 * not worth a second file on each restore.
 */
const WORTHWHILE_RATIO = 1 / 8;

export type AnnouncedManifest = IntendedManifest;

/**
 * Encodes a manifest and announces it as the session's intent.
 *
 * It becomes the difference from a base, if that is much smaller. Look for one only if contents are packed: then the
 * manifest is the largest part of an entry that changed a little. Otherwise, restores read nothing else before they
 * link, so a second file would be noticeable.
 * @throws BtdtError SOURCE_UNSUPPORTED, CACHE_WRITE_FAILED, CANCELLED
 */
export async function announceManifest(
  cache: CacheDirectory,
  session: Session,
  findBase: BaseFinder,
  manifest: Manifest,
  isCancelled: () => boolean,
): Promise<AnnouncedManifest> {
  const base = findBase();
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
