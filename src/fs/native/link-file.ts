import { compileLightly } from "../../base/compile-lightly.ts";
import { AT_FDCWD, libc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";

/** Tries to hard-link, and returns whether it worked: for loops in which it usually does. */
export function tryLink(existing: PathBuffer, path: PathBuffer): boolean {
  return libc.linkat(AT_FDCWD, existing.pointer, AT_FDCWD, path.pointer, 0) === 0;
}

compileLightly(tryLink);
