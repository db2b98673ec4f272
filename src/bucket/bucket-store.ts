import type { BucketAddress } from "./address.ts";
import type { BucketClient } from "./bucket-client.ts";
import { deleteObjects } from "./delete-objects.ts";
import { discardUploads } from "./discard-uploads.ts";
import { getObject, getRange } from "./get-object.ts";
import { listPages } from "./list-pages.ts";
import type { ByteRange, FetchedObject, ListPage, ObjectStore, ObjectUpload } from "./object-store.ts";
import { BufferedUpload } from "./object-upload.ts";
import { putObject, type StorageHeaders } from "./put-object.ts";
import { type StorageOptions, toStorageHeaders } from "./storage-headers.ts";

/** The part of a bucket that a cache's address names. */
export class BucketStore implements ObjectStore {
  readonly address: string;
  readonly isReadOnly = false;
  readonly #client: BucketClient;
  readonly #headers: StorageHeaders;
  readonly #uploadHeaders: StorageHeaders;
  /** Empty, or with a slash at its end. */
  readonly #prefix: string;

  constructor(address: BucketAddress, client: BucketClient, storage: StorageOptions) {
    const { provider, bucket, prefix } = address;
    this.address = `${provider}://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
    this.#client = client;
    this.#headers = toStorageHeaders(address, { ...storage, storageClass: undefined });
    this.#uploadHeaders = toStorageHeaders(address, storage);
    this.#prefix = prefix === "" ? "" : `${prefix}/`;
  }

  get(name: string, range?: ByteRange): Promise<FetchedObject> {
    const full = this.#prefix + name;
    return range === undefined ? getObject(this.#client, full) : getRange(this.#client, full, range);
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    return putObject(this.#client, this.#prefix + name, bytes, this.#headers);
  }

  upload(name: string): ObjectUpload {
    return new BufferedUpload(this.#client, this.#prefix + name, this.#uploadHeaders);
  }

  async *list(prefix: string): AsyncGenerator<ListPage> {
    for await (const { objects, serverMs } of listPages(this.#client, this.#prefix + prefix)) {
      const named = objects.map(({ name, sizeBytes, modifiedMs, etag }) => {
        return { name: name.slice(this.#prefix.length), sizeBytes, modifiedMs, etag };
      });
      yield { objects: named, serverMs };
    }
  }

  discardUploads(prefix: string, beforeMs: number): Promise<number> {
    return discardUploads(this.#client, this.#prefix + prefix, beforeMs);
  }

  delete(names: readonly string[]): Promise<void> {
    return deleteObjects(
      this.#client,
      names.map((name) => this.#prefix + name),
    );
  }
}
