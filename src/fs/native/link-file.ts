import { compileLightly } from "../../base/compile-lightly.ts";
import { libc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";

/** Tries to hard-link, and returns whether it worked: for loops in which it usually does. */
export function tryLink(existing: PathBuffer, path: PathBuffer): boolean {
  const from = existing.startDescriptor();
  const to = path.startDescriptor();
  return libc.linkat(from, existing.pointerFromStart(), to, path.pointerFromStart(), 0) === 0;
}

compileLightly(tryLink);
