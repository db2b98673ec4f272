import { type ByteString, display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { lstat } from "./native/file-status.ts";

/**
 * Nothing in a cache is reached through a symlink: another user who can write to the cache could make it lead to
 * files of this user. For directories of a cache; they may be missing.
 * @throws BtdtError CACHE_NOT_ACCESSIBLE; a `node:fs` error
 */
export function assertNotSymlink(directory: ByteString): void {
  isRealDirectory(directory);
}

/** The same; returns false if it is missing or something else. */
export function isRealDirectory(directory: ByteString): boolean {
  const kind = lstat(directory)?.kind;
  if (kind === "symlink") throw refusal(directory);
  return kind === "directory";
}

function refusal(path: ByteString): BtdtError {
  return new BtdtError(
    "CACHE_NOT_ACCESSIBLE",
    `${display(path)} is a symlink; btdt follows none inside a cache`,
    {
      path: display(path),
      hint: "replace it with the directory that it points to; to keep a cache elsewhere, make the cache directory itself a symlink",
    },
  );
}
