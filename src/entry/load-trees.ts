import { collectGarbage } from "../base/collect-garbage.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readManifestFile } from "../cache/manifest-files.ts";
import type { StoredTree } from "../key/key-record.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { ManifestReader, type ReadManifest } from "../manifest/manifest-reader.ts";

export interface FoundTree {
  readonly stored: StoredTree;
  readonly manifest: Manifest;
}

type LoadedTrees =
  | { readonly kind: "read"; readonly trees: readonly FoundTree[] }
  | Exclude<ReadManifest, { readonly kind: "read" }>;

/**
 * Reads the manifests of an entry, up to the first that cannot be read.
 * @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error
 */
export function loadTrees(cache: CacheDirectory, stored: readonly StoredTree[]): LoadedTrees {
  const reader = new ManifestReader((digest) => readManifestFile(cache, digest));
  const trees: FoundTree[] = [];
  for (const tree of stored) {
    const read = reader.read(tree.manifest);
    if (read.kind !== "read") return read;
    trees.push({ stored: tree, manifest: read.manifest });
    collectGarbage(read.manifest.counts.fileCount);
  }
  return { kind: "read", trees };
}
