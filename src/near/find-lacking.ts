import { digestAt } from "../base/digest.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { hasSeveralContents } from "../packs/unpack/content-sources.ts";
import { findPackedFiles } from "../packs/unpack/find-packed-files.ts";
import type { RemotePacks, RemotePart } from "../packs/unpack/remote-packs.ts";
import { planUnpack } from "../packs/unpack/unpack-plan.ts";

interface LackingContents {
  readonly parts: readonly RemotePart[];
  /** Whether it lacks the chunk list of a large file. */
  readonly lacksList: (file: number) => boolean;
}

/**
 * Finds out what a cache directory lacks of a tree and remote packs have.
 * @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error
 */
export function findLacking(
  cache: CacheDirectory,
  manifest: Manifest,
  { packs }: RemotePacks,
  onWarning: (warning: string) => void,
): LackingContents {
  const packed = findPackedFiles(cache, manifest, new Set(), onWarning, packs);
  if (packed === undefined) return { parts: [], lacksList: () => false };
  const { contents, parts } = planUnpack(manifest, packed, undefined);
  const isRemote = (pack: number): boolean => contents.packs[pack]?.isRemote === true;
  return {
    parts: parts.flatMap(({ pack, blocks }) =>
      isRemote(pack) ? [{ pack: contents.packs[pack]?.name ?? "", blocks }] : [],
    ),
    lacksList: (file) => {
      if (!hasSeveralContents(packed.sources, file)) return false;
      const place = contents.largePlaceOf(digestAt(manifest.fileDigests, file));
      return place !== undefined && isRemote(place.pack);
    },
  };
}
