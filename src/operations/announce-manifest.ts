import type { CacheDirectory } from "../backends/cache-directory.ts";
import { readManifestFile, statManifestFile } from "../backends/manifest-files.ts";
import type { Session } from "../backends/session.ts";
import { isBtdtError } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";
import { encodeManifest, manifestDigestOf } from "../manifest/codec.ts";
import { type BaseManifest, baseDigestOf, encodeDelta } from "../manifest/delta-codec.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { nearestKey } from "./nearest-key.ts";

/** A delta that saves less is not worth a second file at each restore. */
const WORTHWHILE_RATIO = 0.5;

export interface AnnouncedManifest {
  readonly digest: string;
  readonly file: Uint8Array;
}

/** What an entry is stored as. */
export interface ManifestUse {
  readonly keys: readonly string[];
  /** As the key files will record it. */
  readonly path: string | undefined;
  readonly asDelta: boolean;
}

/**
 * Encodes a manifest and makes it known as the session's intent.
 *
 * With `asDelta` it becomes the difference to a manifest of the nearest key, where that is much smaller: what matters where
 * contents are packed and a manifest is the largest part of an entry that changed a little. Elsewhere restores have
 * nothing to read but links, and a second file would show.
 * @throws BtdtError SOURCE_UNSUPPORTED, CACHE_WRITE_FAILED, CANCELLED
 */
export async function announceManifest(
  cache: CacheDirectory,
  session: Session,
  { keys, path, asDelta }: ManifestUse,
  manifest: Manifest,
  isCancelled: () => boolean,
): Promise<AnnouncedManifest> {
  const whole = announced(encodeManifest(manifest));
  const base = asDelta ? nearestBase(cache, keys, path) : undefined;
  if (base !== undefined && statManifestFile(cache, whole.digest) === undefined) {
    const file = tryEncodeDelta(manifest, base);
    if (file !== undefined && file.length < whole.file.length * WORTHWHILE_RATIO) {
      const delta = announced(file);
      await session.publishIntent(delta.digest, delta.file, isCancelled);
      // From here on no clean removes the base. One that ran before may have.
      if (statManifestFile(cache, base.digest) !== undefined) return delta;
    }
  }
  await session.publishIntent(whole.digest, whole.file, isCancelled);
  return whole;
}

function announced(file: Uint8Array): AnnouncedManifest {
  return { digest: manifestDigestOf(file), file };
}

/**
 * The manifest of the key that begins most like the new ones, or the one that this was made against. Undefined when there
 * is none that can be used: whoever asks does without.
 */
function nearestBase(
  cache: CacheDirectory,
  keys: readonly string[],
  path: string | undefined,
): BaseManifest | undefined {
  try {
    const nearest = nearestKey(cache, keys);
    if (nearest === undefined) return undefined;
    const tree = nearest.trees.find((each) => each.path === path) ?? nearest.trees[0];
    const base = readSound(cache, tree.manifest);
    const furtherBase = base === undefined ? undefined : baseDigestOf(base.file);
    return furtherBase === undefined ? base : readSound(cache, furtherBase);
  } catch (error) {
    if (!isBtdtError(error) && errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function readSound(cache: CacheDirectory, digest: string): BaseManifest | undefined {
  const file = readManifestFile(cache, digest);
  return file === undefined || manifestDigestOf(file) !== digest ? undefined : { digest, file };
}

function tryEncodeDelta(manifest: Manifest, base: BaseManifest): Uint8Array | undefined {
  try {
    return encodeDelta(manifest, base);
  } catch (error) {
    if (isBtdtError(error, "MANIFEST_DAMAGED") || isBtdtError(error, "CACHE_FORMAT_NEWER")) return undefined;
    throw error;
  }
}
