import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listKeyFiles, readKeyFile } from "../cache/key-files.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { decodeKeyFile, entryIdOf } from "../key/key-file.ts";
import type { DamagedKeyFile } from "./orphans.ts";

/** Keys that point to the same manifests. */
interface KeyGroup {
  readonly manifests: readonly string[];
  readonly keys: string[];
  readonly keyFiles: string[];
  lastUsedMs: number;
  keyBytes: number;
}

/**
 * All keys of a cache, by the id of their entry.
 * @param damagedKeyFiles is filled with those that cannot be read
 * @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error
 */
export function groupKeys(cache: CacheDirectory, damagedKeyFiles: DamagedKeyFile[]): Map<string, KeyGroup> {
  const groups = new Map<string, KeyGroup>();
  for (const name of listKeyFiles(cache)) {
    const keyFile = readKeyFile(cache, name);
    if (keyFile === undefined) continue;
    try {
      const record = decodeKeyFile(keyFile.bytes, name);
      const id = entryIdOf(record);
      const group = groups.get(id) ?? {
        manifests: [...new Set(record.trees.map(({ manifest }) => manifest))],
        keys: [],
        keyFiles: [],
        lastUsedMs: Number.NEGATIVE_INFINITY,
        keyBytes: 0,
      };
      group.keys.push(record.key);
      group.keyFiles.push(name);
      group.lastUsedMs = Math.max(group.lastUsedMs, mtimeMs(keyFile.status));
      group.keyBytes += keyFile.status.allocatedBytes;
      groups.set(id, group);
    } catch (error) {
      if (!isBtdtError(error, "KEY_DAMAGED")) throw error;
      damagedKeyFiles.push({ name, allocatedBytes: keyFile.status.allocatedBytes });
    }
  }
  return groups;
}
