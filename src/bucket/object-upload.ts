import type { BucketClient } from "./bucket-client.ts";
import { beginMultipart, type MultipartUpload } from "./multipart-upload.ts";
import type { ObjectUpload } from "./object-store.ts";
import { putObject, type StorageHeaders } from "./put-object.ts";

const MEBIBYTE = 1024 * 1024;

/** Up to this size, an object is stored with one request. */
const MOST_SINGLE_BYTES = 64 * MEBIBYTE;

const PART_BYTES = 16 * MEBIBYTE;

/**
 * After this many parts (125 GiB), they get larger, because servers accept 10,000. Those that demand equal parts refuse
 * larger objects.
 */
const EQUAL_PARTS = 8000;
const LATE_PART_BYTES = 64 * MEBIBYTE;

/** Stores an object while it is being made, holding at most 320 MiB of it in memory (144 MiB up to 125 GiB). */
export class BufferedUpload implements ObjectUpload {
  readonly #client: BucketClient;
  readonly #name: string;
  readonly #storage: StorageHeaders;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #partCount = 0;
  #multipart: MultipartUpload | undefined;

  /** @param name in the bucket, prefix included */
  constructor(client: BucketClient, name: string, storage: StorageHeaders) {
    this.#client = client;
    this.#name = name;
    this.#storage = storage;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#multipart === undefined) {
      if (this.#waitingBytes <= MOST_SINGLE_BYTES) return;
      this.#multipart = await beginMultipart(this.#client, this.#name, this.#storage);
    }
    while (this.#waitingBytes >= this.#partBytes()) await this.#sendPart(this.#multipart, this.#partBytes());
  }

  async finish(): Promise<void> {
    if (this.#multipart === undefined) {
      await putObject(this.#client, this.#name, this.#take(this.#waitingBytes), this.#storage);
      return;
    }
    if (this.#waitingBytes > 0) await this.#sendPart(this.#multipart, this.#waitingBytes);
    await this.#multipart.complete();
  }

  async abort(): Promise<void> {
    this.#waiting.length = 0;
    await this.#multipart?.abort();
  }

  #partBytes(): number {
    return this.#partCount < EQUAL_PARTS ? PART_BYTES : LATE_PART_BYTES;
  }

  async #sendPart(multipart: MultipartUpload, sizeBytes: number): Promise<void> {
    this.#partCount++;
    await multipart.add(this.#take(sizeBytes));
  }

  /** Removes bytes from the front of what is waiting. */
  #take(sizeBytes: number): Uint8Array {
    const part = Buffer.allocUnsafeSlow(sizeBytes);
    let filledBytes = 0;
    let used = 0;
    while (filledBytes < sizeBytes) {
      const bytes = this.#waiting[used] ?? new Uint8Array();
      const piece = bytes.subarray(0, sizeBytes - filledBytes);
      part.set(piece, filledBytes);
      filledBytes += piece.length;
      if (piece.length < bytes.length) this.#waiting[used] = bytes.subarray(piece.length);
      else used++;
    }
    this.#waiting.splice(0, used);
    this.#waitingBytes -= sizeBytes;
    return part;
  }
}
