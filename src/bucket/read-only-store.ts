import { BtdtError } from "../base/errors.ts";
import type { ByteRange, FetchedObject, ListPage, ObjectStore, ObjectUpload } from "./object-store.ts";

/** An object store of which nothing is changed, whatever the credentials allow: `--read-only`. */
export class ReadOnlyStore implements ObjectStore {
  readonly isReadOnly = true;
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  get address(): string {
    return this.#store.address;
  }

  get(name: string, range?: ByteRange): Promise<FetchedObject> {
    return this.#store.get(name, range);
  }

  list(prefix: string): AsyncIterable<ListPage> {
    return this.#store.list(prefix);
  }

  put(): Promise<void> {
    return Promise.reject(this.#refusal());
  }

  upload(): ObjectUpload {
    throw this.#refusal();
  }

  delete(): Promise<void> {
    return Promise.reject(this.#refusal());
  }

  discardUploads(): Promise<number> {
    return Promise.reject(this.#refusal());
  }

  #refusal(): BtdtError {
    return new BtdtError("BUCKET_NOT_ACCESSIBLE", `${this.address} is opened read-only`, {
      path: this.address,
    });
  }
}
