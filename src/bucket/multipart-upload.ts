import { BtdtError } from "../base/errors.ts";
import type { BucketClient } from "./bucket-client.ts";
import { invalidAnswer } from "./bucket-errors.ts";
import { MOST_SHORT_ANSWER_BYTES, type StorageHeaders } from "./put-object.ts";
import { childText, escapeXml, parseXml } from "./xml.ts";

const MOST_IN_FLIGHT = 4;

/** Cleaning up must not hold up a process that has been told to end. */
const ABORT_MS = 10_000;

/** Begins an upload. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
export async function beginMultipart(
  client: BucketClient,
  name: string,
  storage: StorageHeaders,
): Promise<MultipartUpload> {
  const { body } = await client.send({
    method: "POST",
    name,
    query: { uploads: "" },
    headers: { "content-type": "application/octet-stream", ...storage },
    mostAnswerBytes: MOST_SHORT_ANSWER_BYTES,
    canFailLate: true,
  });
  const uploadId = childText(parseXml(body), "UploadId")?.trim() ?? "";
  if (uploadId === "") throw invalidAnswer("begins an upload without naming it");
  return new MultipartUpload(client, name, uploadId);
}

/** An object that is uploaded in parts, several at a time. It exists once it is complete. */
export class MultipartUpload {
  readonly #client: BucketClient;
  readonly #name: string;
  readonly #uploadId: string;
  readonly #etags: string[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #sizeBytes = 0;
  #failure: unknown;

  constructor(client: BucketClient, name: string, uploadId: string) {
    this.#client = client;
    this.#name = name;
    this.#uploadId = uploadId;
  }

  /** Settles when there is room for another part. All have the same size but the last: some servers demand that. */
  async add(part: Uint8Array): Promise<void> {
    const index = this.#etags.push("") - 1;
    this.#sizeBytes += part.length;
    const sending = this.#send(part, index)
      // Nobody waits for this promise yet: a rejection would end the process.
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#inFlight.delete(sending));
    this.#inFlight.add(sending);
    if (this.#inFlight.size >= MOST_IN_FLIGHT) await Promise.race(this.#inFlight);
    this.#throwFailure();
  }

  async complete(): Promise<void> {
    await Promise.all(this.#inFlight);
    this.#throwFailure();
    const listed = this.#etags.map(
      (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
    );
    const answer = await this.#client.send({
      method: "POST",
      name: this.#name,
      query: { uploadId: this.#uploadId },
      body: Buffer.from(`<CompleteMultipartUpload>${listed.join("")}</CompleteMultipartUpload>`),
      mostAnswerBytes: MOST_SHORT_ANSWER_BYTES,
      canFailLate: true,
    });
    // The attempt before may have succeeded although its answer was lost.
    const isComplete = answer.isMissing
      ? answer.attempts > 1 && (await this.#exists())
      : parseXml(answer.body).name === "CompleteMultipartUploadResult";
    if (!isComplete) throw lostUpload();
  }

  async #exists(): Promise<boolean> {
    const { isMissing, headers } = await this.#client.send({
      method: "HEAD",
      name: this.#name,
      mostAnswerBytes: 0,
    });
    return !isMissing && Number(headers.get("content-length")) === this.#sizeBytes;
  }

  /** Ends what is in flight and removes the parts, as far as that succeeds within seconds. */
  async abort(): Promise<void> {
    this.#stop.abort(lostUpload());
    await Promise.all(this.#inFlight);
    try {
      await this.#client.send({
        method: "DELETE",
        name: this.#name,
        query: { uploadId: this.#uploadId },
        mostAnswerBytes: MOST_SHORT_ANSWER_BYTES,
        signal: AbortSignal.timeout(ABORT_MS),
      });
    } catch (error) {
      // What made the upload fail is what gets reported. Parts that remain are invisible; a clean removes them.
      if (!(error instanceof BtdtError)) throw error;
    }
  }

  async #send(part: Uint8Array, index: number): Promise<void> {
    const { isMissing, headers } = await this.#client.send({
      method: "PUT",
      name: this.#name,
      query: { partNumber: String(index + 1), uploadId: this.#uploadId },
      body: part,
      mostAnswerBytes: MOST_SHORT_ANSWER_BYTES,
      stop: this.#stop.signal,
    });
    if (isMissing) throw lostUpload();
    const etag = headers.get("etag") ?? "";
    if (etag === "") throw invalidAnswer("accepts a part without naming it");
    this.#etags[index] = etag;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#stop.abort(error);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function lostUpload(): BtdtError {
  return new BtdtError("BUCKET_UNAVAILABLE", "an upload disappeared before it was complete", {
    hint: "check the bucket's lifecycle rules: incomplete uploads must be kept for a day at least",
  });
}
