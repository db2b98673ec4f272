import { HEADER_SIZE_BYTES, layoutOf } from "./layout.ts";
import { Manifest } from "./manifest.ts";

/** What is known of a tree only after its files have been read. */
export interface ManifestExtension {
  /** See `Manifest`; both or neither. */
  readonly linkFiles?: Uint32Array;
  readonly linkTargets?: Uint32Array;
  readonly usesExclusiveObjects?: boolean;
}

/**
 * A copy of a manifest that also has these hard links, or this use of objects; the same manifest if it has them
 * already.
 */
export function extendManifest(manifest: Manifest, extension: ManifestExtension): Manifest {
  const { linkFiles = manifest.linkFiles, linkTargets = manifest.linkTargets } = extension;
  const usesExclusiveObjects = extension.usesExclusiveObjects ?? manifest.counts.usesExclusiveObjects;
  const isAlreadySo =
    linkFiles.length === 0 &&
    manifest.counts.linkCount === 0 &&
    usesExclusiveObjects === manifest.counts.usesExclusiveObjects;
  if (isAlreadySo) return manifest;
  const counts = { ...manifest.counts, linkCount: linkFiles.length, usesExclusiveObjects };
  const extended = Manifest.allocate(counts);
  const before = layoutOf(manifest.counts);
  const after = layoutOf(counts);
  // Everything but the columns of links is as it was.
  const { payload } = manifest;
  extended.payload.set(payload.subarray(HEADER_SIZE_BYTES, before.linkFiles), HEADER_SIZE_BYTES);
  extended.payload.set(payload.subarray(before.directoryModes), after.directoryModes);
  extended.linkFiles.set(linkFiles);
  extended.linkTargets.set(linkTargets);
  return extended;
}
