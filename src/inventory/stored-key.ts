import type { KeyRecord } from "../key/key-record.ts";

/** A key, as it was when it was read. */
export interface StoredKey extends KeyRecord {
  /** By the file system's clock. */
  readonly lastUsedMs: number;
}
