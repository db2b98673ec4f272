import type { ByteString } from "../base/byte-string.ts";
import { at, type Manifest } from "./manifest.ts";

/** One byte per file, shared between threads: 1 if the file's path is known to be edited in place. */
export function markEditedPaths(manifest: Manifest, editedPaths: ReadonlySet<ByteString>): Uint8Array {
  const marks = new Uint8Array(new SharedArrayBuffer(manifest.counts.fileCount));
  if (editedPaths.size === 0) return marks;
  const editedDirectories = new Set(
    [...editedPaths].map((path) => path.slice(0, Math.max(0, path.lastIndexOf("/")))),
  );
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++) {
    const directoryPath = manifest.directoryPath(directory);
    if (!editedDirectories.has(directoryPath)) continue;
    for (
      let file = manifest.firstFileOf(directory);
      file < at(manifest.directoryFileEnds, directory);
      file++
    ) {
      if (editedPaths.has(manifest.filePath(file))) marks[file] = 1;
    }
  }
  return marks;
}
