/**
 * What the cache needs of an object store such as S3. Nothing here depends on conditional requests, which servers
 * implement differently or not at all: it takes read-after-write, list-after-write, and the server's clock.
 *
 * Names are relative to the prefix in the cache's address, and consist of the characters of `keyFileName` and slashes.
 * All methods retry what may be transient.
 *
 * @throws BtdtError from all methods: BUCKET_NOT_ACCESSIBLE for what the user must change (credentials, permissions, no
 * such bucket, region), BUCKET_UNAVAILABLE if the server cannot be reached or keeps failing, CANCELLED
 */
export interface ObjectStore {
  /** As given by the user: `s3://bucket/prefix`. */
  readonly address: string;

  /** Whether nothing may be changed: then all methods that would do so fail. */
  readonly isReadOnly: boolean;

  /**
   * Reads an object or a part of it. A range beyond its end has fewer bytes than asked for, perhaps none: the
   * caller has to check.
   */
  get(name: string, range?: ByteRange): Promise<FetchedObject>;

  /** Creates or replaces an object in one step. */
  put(name: string, bytes: Uint8Array): Promise<void>;

  /** Creates an object from bytes that are not all known yet; it appears when the upload is finished. */
  upload(name: string): ObjectUpload;

  /** All objects whose name begins with `prefix`, page by page, in no particular order. */
  list(prefix: string): AsyncIterable<ListPage>;

  /** Deletes objects; those that do not exist are no error. */
  delete(names: readonly string[]): Promise<void>;

  /**
   * Discards uploads of objects whose name begins with `prefix` that began before a time, by the server's clock, and
   * were never finished: processes that were killed leave them. Returns how many there were.
   */
  discardUploads(prefix: string, beforeMs: number): Promise<number>;
}

/** From `startBytes` up to, but not including, `endBytes`; never empty. */
export interface ByteRange {
  readonly startBytes: number;
  readonly endBytes: number;
}

export type FetchedObject =
  | {
      readonly kind: "found";
      readonly bytes: Uint8Array;
      readonly etag: string;
      /** When it was written, by the server's clock. */
      readonly modifiedMs: number;
      /** The server's clock when it answered. */
      readonly serverMs: number;
    }
  | { readonly kind: "missing"; readonly serverMs: number };

export interface ListedObject {
  readonly name: string;
  readonly sizeBytes: number;
  /** When it was written, by the server's clock. */
  readonly modifiedMs: number;
  readonly etag: string;
}

export interface ListPage {
  readonly objects: readonly ListedObject[];
  /** The server's clock when it answered. */
  readonly serverMs: number;
}

/** One of `finish` and `abort` must be called, and nothing afterwards. */
export interface ObjectUpload {
  /**
   * Appends bytes, which the caller must not change afterwards. Settles when there is room for more: what is in memory
   * stays bounded, whatever the size of the object.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Settles when the object exists. */
  finish(): Promise<void>;
  /** Discards the upload, if the server can still be reached; never throws. */
  abort(): Promise<void>;
}
