import { display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Manifest } from "../manifest/manifest.ts";

/** A source that is not what was read. */
export function sourceChanged(source: PathBuffer): BtdtError {
  return changedWhileStored(display(source.toBytes()));
}

/** A file of a source that is not what was read. */
export function fileChanged(manifest: Manifest, file: number): BtdtError {
  return changedWhileStored(display(manifest.filePath(file)) || "the file");
}

function changedWhileStored(path: string): BtdtError {
  return new BtdtError("SOURCE_CHANGED", `${path} changed while it was stored`, {
    path,
    hint: "wait until nothing writes to the directory",
  });
}

/** An object that is not what was made. */
export function notPreserved(object: PathBuffer): BtdtError {
  const path = display(object.toBytes());
  return new BtdtError(
    "CACHE_WRITE_FAILED",
    `the cache's file system did not preserve the size, mode and mtime of ${path}`,
    {
      path,
      hint: "btdt needs a file system that supports permissions and modification times",
    },
  );
}
