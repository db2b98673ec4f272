import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readManifestFile, statManifestFile } from "../cache/manifest-files.ts";

/**
 * A single answer that a file does not exist is not trusted while the directory lists its name.
 * @throws a `node:fs` error
 */
export function readListedManifest(
  cache: Pick<CacheDirectory, "manifests">,
  digest: string,
): Uint8Array | undefined {
  const file = readManifestFile(cache, digest);
  if (file !== undefined || statManifestFile(cache, digest) === undefined) return file;
  return readManifestFile(cache, digest);
}
