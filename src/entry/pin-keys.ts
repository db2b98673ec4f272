import type { CacheDirectory } from "../cache/cache-directory.ts";
import { withSharedLock } from "../cache/cache-lock.ts";
import { lastUseOfKeyFile } from "../cache/key-files.ts";
import { addPin, removePin } from "../cache/pins.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";

interface PinnedKeys {
  readonly done: readonly string[];
  /** Keys that do not exist; for `unpinKeys`, those that had no pin. */
  readonly missing: readonly string[];
}

/**
 * Pins keys. It waits for a running clean, which may have decided to evict them.
 * @throws BtdtError CACHE_WRITE_FAILED, CANCELLED; a `node:fs` error
 */
export async function pinKeys(
  cache: CacheDirectory,
  keys: readonly string[],
  runtime: Runtime,
): Promise<PinnedKeys> {
  if (!cache.isPrepared()) return { done: [], missing: keys };
  return await withSharedLock(cache, runtime.isCancelled, () =>
    split(keys, runtime, (key) => {
      const name = keyFileName(key);
      if (lastUseOfKeyFile(cache, name) === undefined) return false;
      addPin(cache, name);
      return true;
    }),
  );
}

/** @throws BtdtError CACHE_WRITE_FAILED, CANCELLED */
export async function unpinKeys(
  cache: CacheDirectory,
  keys: readonly string[],
  runtime: Runtime,
): Promise<PinnedKeys> {
  return await split(keys, runtime, (key) => removePin(cache, keyFileName(key)));
}

async function split(
  keys: readonly string[],
  { isCancelled }: Runtime,
  act: (key: string) => boolean,
): Promise<PinnedKeys> {
  const done: string[] = [];
  const missing: string[] = [];
  const pause = createPause(isCancelled);
  for (const key of keys) {
    (act(key) ? done : missing).push(key);
    await pause();
  }
  return { done, missing };
}
