import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readKeyFile } from "../cache/key-files.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import type { FileStatus } from "../fs/native/file-status.ts";
import { decodeKeyFile } from "../key/key-file.ts";
import type { KeyRecord } from "../key/key-record.ts";

export type FoundKey =
  | {
      readonly kind: "read";
      readonly record: KeyRecord;
      /** Its mtime is when the key was last used, by the file system's clock. */
      readonly status: FileStatus;
    }
  /** Deleted since it was listed. */
  | { readonly kind: "gone" }
  /** It was read, and is not a key. */
  | { readonly kind: "damaged"; readonly allocatedBytes: number }
  /** It may be a key. */
  | { readonly kind: "unreadable"; readonly reason: string }
  /** Such as a directory: not a key, and not ours to delete. */
  | { readonly kind: "foreign"; readonly reason: string };

/** @throws BtdtError CACHE_FORMAT_NEWER */
export function readKey(cache: CacheDirectory, name: string): FoundKey {
  let allocatedBytes = 0;
  try {
    const keyFile = readKeyFile(cache, name);
    if (keyFile === undefined) return { kind: "gone" };
    const { status } = keyFile;
    ({ allocatedBytes } = status);
    return { kind: "read", record: decodeKeyFile(keyFile.bytes, name), status };
  } catch (error) {
    if (isBtdtError(error, "KEY_DAMAGED")) return { kind: "damaged", allocatedBytes };
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { kind: errno === "EFTYPE" ? "foreign" : "unreadable", reason: reasonOf(error) };
  }
}
