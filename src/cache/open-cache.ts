import { assertGiven } from "../base/assert-given.ts";
import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { CacheDirectory } from "./cache-directory.ts";

/**
 * Opens the cache named on the command line. It must exist, because an unmounted volume must not silently become an
 * empty cache; with `create`, it is created. Nothing is written to a read-only one. A path that begins with `~` is
 * rejected: nobody means a directory of that name.
 * @throws BtdtError
 */
export function openCache(path: string, create: boolean, isReadOnly = false): CacheDirectory {
  assertGiven(path, "--cache");
  assertExpanded(path);
  return create ? CacheDirectory.create(path) : CacheDirectory.open(path, isReadOnly);
}

function assertExpanded(path: string): void {
  if (!path.startsWith("~")) return;
  const shown = escapeControls(path);
  throw new BtdtError(
    "USAGE",
    `the cache path ${shown} begins with a literal ~, which only a shell replaces, and only at the start of a word`,
    { path: shown, hint: 'write "$HOME" instead, or ./~ for a directory of that name' },
  );
}
