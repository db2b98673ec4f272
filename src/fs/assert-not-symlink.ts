import { type ByteString, display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { lstat } from "./native/file-status.ts";

/**
 * Nothing in a cache is reached through a symlink: it could lead to files of the user that another user who may write to
 * the cache has chosen. For directories of a cache; what is missing is none.
 * @throws BtdtError CACHE_NOT_ACCESSIBLE; a `node:fs` error
 */
export function assertNotSymlink(directory: ByteString): void {
  if (lstat(directory)?.kind === "symlink") throw refusal(directory);
}

function refusal(path: ByteString): BtdtError {
  return new BtdtError(
    "CACHE_NOT_ACCESSIBLE",
    `${display(path)} is a symlink; btdt follows none inside a cache`,
    {
      path: display(path),
      hint: "replace it by the directory that it points to; to keep a cache elsewhere, make the cache directory itself a symlink",
    },
  );
}
