import { isBtdtError } from "../base/errors.ts";
import type { ObjectStore } from "../bucket/object-store.ts";
import { PACKS_PREFIX } from "./bucket-layout.ts";
import { endOfAbandoned } from "./protocol.ts";

/**
 * Discards what killed stores have uploaded: nobody sees it, but it is paid for. A user who may not do that only gets a
 * warning.
 * @param nowMs the server's clock
 * @throws BtdtError BUCKET_UNAVAILABLE, CANCELLED
 */
export async function discardAbandoned(
  store: ObjectStore,
  nowMs: number,
  onWarning: (warning: string) => void,
): Promise<void> {
  try {
    await store.discardUploads(PACKS_PREFIX, endOfAbandoned(nowMs));
  } catch (error) {
    if (!isBtdtError(error, "BUCKET_NOT_ACCESSIBLE")) throw error;
    onWarning(`could not look for uploads of killed stores: ${error.message}`);
  }
}
