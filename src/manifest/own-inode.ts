import { compileLightly } from "../base/compile-lightly.ts";
import { at, type Manifest } from "./manifest.ts";

// Why a file must not share its inode with the cache, as bits of one byte per file.

/** Its path is known to be edited in place. */
export const EDITED_PATH = 1;
/**
 * It has further names in its tree. If the object were one more, the next store could no longer tell hard links from
 * files that only share an object.
 */
const LINKED_NAMES = 2;

/** Adds EDITED_PATH for one file. */
export function noteEditedPath(marks: Uint8Array, file: number): void {
  marks[file] = (marks[file] ?? 0) | EDITED_PATH;
}

/** Adds LINKED_NAMES where it applies. */
export function markLinkedNames(manifest: Manifest, marks: Uint8Array): Uint8Array {
  for (const column of [manifest.linkFiles, manifest.linkTargets]) {
    for (let link = 0; link < column.length; link++) {
      const file = at(column, link);
      marks[file] = at(marks, file) | LINKED_NAMES;
    }
  }
  return marks;
}

compileLightly(markLinkedNames);
