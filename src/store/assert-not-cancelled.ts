import type { Cancellation } from "../base/cancellation.ts";
import { BtdtError } from "../base/errors.ts";

/** To be called between the steps of a store. @throws BtdtError CANCELLED */
export function assertNotCancelled(cancellation: Cancellation): void {
  if (cancellation.isCancelled()) throw new BtdtError("CANCELLED", "stopped before anything was stored");
}
