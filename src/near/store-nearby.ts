import { display } from "../base/byte-string.ts";
import { type ErrorCode, isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { withSharedLock } from "../cache/cache-lock.ts";
import { publishKeyFile, readKeyFile } from "../cache/key-files.ts";
import { Session } from "../cache/session.ts";
import { errnoOf } from "../fs/errno.ts";
import { decodeKeyFile, encodeKeyFile } from "../key/key-file.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { entryIdOf, type StoredTree } from "../key/key-record.ts";
import type { StoreRequest } from "../store/request.ts";
import { storeEntry } from "../store/store.ts";
import type { Runtime } from "../work/runtime.ts";
import { originsOf } from "./origin.ts";

type Trees = readonly [StoredTree, ...StoredTree[]];

/** What is wrong with the local cache alone. */
const LOCAL_CODES: ReadonlySet<ErrorCode> = new Set([
  "CACHE_WRITE_FAILED",
  "CACHE_NOT_ACCESSIBLE",
  "CACHE_FORMAT_NEWER",
  "LOCK_FAILED",
]);

/**
 * Stores trees in the local cache, before they are stored in the far one. If the local cache is why it fails, warns and
 * returns undefined.
 * @throws BtdtError as `storeEntry`
 */
export async function storeNearby(
  near: CacheDirectory,
  request: Omit<StoreRequest, "cache">,
  runtime: Runtime,
): Promise<Trees | undefined> {
  return await warnOfTrouble(near, runtime, async () => {
    return (await storeEntry({ ...request, cache: near, pin: false }, runtime)).trees;
  });
}

/**
 * Notes which trees of the far cache those of the local one are, once both have them. Without that, the next restore
 * fetches the manifests again. If another process has replaced a key, it is left alone.
 * @throws BtdtError CANCELLED
 */
export async function noteOrigin(
  near: CacheDirectory,
  keys: readonly string[],
  stored: Trees,
  far: Trees,
  runtime: Runtime,
): Promise<void> {
  if (stored.every(({ manifest }, index) => manifest === far[index]?.manifest)) return;
  await warnOfTrouble(near, runtime, async () => {
    const session = Session.open(near);
    try {
      await withSharedLock(near, runtime.isCancelled, () => {
        for (const key of keys) addOrigins(near, session, key, stored, far);
      });
    } finally {
      session.close();
    }
  });
}

function addOrigins(near: CacheDirectory, session: Session, key: string, stored: Trees, far: Trees): void {
  const name = keyFileName(key);
  const file = readKeyFile(near, name);
  if (file === undefined) return;
  const record = decodeKeyFile(file.bytes, name);
  if (entryIdOf(record) !== entryIdOf({ ...record, trees: stored })) return;
  const bytes = encodeKeyFile({ ...record, origins: originsOf({ trees: far }) });
  publishKeyFile(near, session, name, bytes, Date.parse(record.storedAt));
}

async function warnOfTrouble<Result>(
  near: CacheDirectory,
  { onWarning }: Pick<Runtime, "onWarning">,
  action: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await action();
  } catch (error) {
    const isLocal = isBtdtError(error) ? LOCAL_CODES.has(error.code) : errnoOf(error) !== undefined;
    if (!isLocal || !(error instanceof Error)) throw error;
    onWarning(`the entry is not kept in ${display(near.path)}: ${error.message}`);
    return undefined;
  }
}
