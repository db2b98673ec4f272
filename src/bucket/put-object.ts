import type { BucketClient } from "./bucket-client.ts";
import { invalidAnswer } from "./bucket-errors.ts";

/** Headers that say how the server stores an object: encryption, storage class. */
export type StorageHeaders = Readonly<Record<string, string>>;

export const MOST_SHORT_ANSWER_BYTES = 1024 * 1024;

/** Stores an object with one request, in place of one of the same name. */
export async function putObject(
  client: BucketClient,
  name: string,
  body: Uint8Array,
  storage: StorageHeaders,
): Promise<void> {
  const { headers } = await client.send({
    method: "PUT",
    name,
    body,
    headers: { "content-type": "application/octet-stream", ...storage },
    mostAnswerBytes: MOST_SHORT_ANSWER_BYTES,
  });
  if (headers.get("etag") === null) throw invalidAnswer("does not come from an object store");
}
