import { withSharedLock } from "../cache/cache-lock.ts";
import { publishKeyFile } from "../cache/key-files.ts";
import { addPin } from "../cache/pins.ts";
import type { Session } from "../cache/session.ts";
import { addToSizeNote } from "../cache/size-note.ts";
import { encodeKeyFile } from "../key/key-file.ts";
import { keyFileName } from "../key/key-file-name.ts";
import type { KeyRecord } from "../key/key-record.ts";
import { addSignature } from "../key/signed-record.ts";
import type { Runtime } from "../work/runtime.ts";
import type { StoreRequest } from "./request.ts";

/**
 * Publishes keys whose entry is complete.
 * @param sizeBytes what the entry has added to the cache
 * @throws BtdtError CACHE_WRITE_FAILED, CANCELLED
 */
export async function publishKeys(
  { cache, keys, pin, sign }: Pick<StoreRequest, "cache" | "keys" | "pin" | "sign">,
  session: Session,
  entry: Pick<KeyRecord, "trees" | "origins">,
  sizeBytes: number,
  runtime: Runtime,
): Promise<void> {
  // By the clock that other machines share.
  const storedMs = Math.floor(session.readClock());
  const storedAt = new Date(storedMs).toISOString();
  // A clean that has decided to evict a key's old entry could otherwise delete the new key instead.
  await withSharedLock(cache, runtime.isCancelled, () => {
    // First: after a kill, the note should be too large rather than too small.
    addToSizeNote(cache, sizeBytes);
    // Before the keys: no clean may find one of them without its pin.
    if (pin === true) for (const key of keys) addPin(cache, keyFileName(key));
    for (const key of keys) {
      publishKeyFile(
        cache,
        session,
        keyFileName(key),
        encodeKeyFile(addSignature({ key, storedAt, ...entry }, sign)),
        storedMs,
      );
    }
  });
}
