import { invalidAnswer } from "./bucket-errors.ts";

/** When an answer was sent, by the server's clock. @throws BtdtError BUCKET_NOT_ACCESSIBLE if it does not say so. */
export function readServerDate(headers: Headers): number {
  const serverMs = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(serverMs)) throw invalidAnswer("has no date");
  return serverMs;
}
