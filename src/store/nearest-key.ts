import type { CacheDirectory } from "../cache/cache-directory.ts";
import { lastUseOfKeyFile, listKeyFiles, readKeyFile } from "../cache/key-files.ts";
import { decodeKeyFile } from "../key/key-file.ts";
import { keyFileName } from "../key/key-file-name.ts";
import type { KeyRecord } from "../key/key-record.ts";
import { sharedPrefixLength } from "../key/shared-prefix.ts";

/**
 * The key with the longest common prefix with one of `keys`; of several, and if there is none, the one used last.
 * Only one key file is read, however many there are.
 * @throws BtdtError KEY_DAMAGED, CACHE_FORMAT_NEWER; a `node:fs` error
 */
export function nearestKey(cache: CacheDirectory, keys: readonly string[]): KeyRecord | undefined {
  const wanted = keys.map(keyFileName);
  let nearestLength = -1;
  let nearest: string[] = [];
  for (const name of listKeyFiles(cache)) {
    const length = Math.max(...wanted.map((each) => sharedPrefixLength(each, name)));
    if (length > nearestLength) {
      nearestLength = length;
      nearest = [];
    }
    if (length === nearestLength) nearest.push(name);
  }
  const lastUses = nearest.map((name) => ({ name, usedMs: lastUseOfKeyFile(cache, name) ?? 0 }));
  const [last] = lastUses.toSorted((left, right) => right.usedMs - left.usedMs);
  const file = last === undefined ? undefined : readKeyFile(cache, last.name);
  return file === undefined ? undefined : decodeKeyFile(file.bytes, file.name);
}
