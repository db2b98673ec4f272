import { linkSync } from "node:fs";
import { fsPath } from "../../base/byte-string.ts";
import { compileLightly } from "../../base/compile-lightly.ts";
import { AT_FDCWD, libc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";

/** Tries to hard-link and says only whether it worked: for the many files where it does. */
export function tryLink(existing: PathBuffer, path: PathBuffer): boolean {
  return libc.linkat(AT_FDCWD, existing.pointer, AT_FDCWD, path.pointer, 0) === 0;
}

/** @throws a `node:fs` error whose code says why the link was refused */
export function link(existing: PathBuffer, path: PathBuffer): void {
  if (!tryLink(existing, path)) linkSync(fsPath(existing.toBytes()), fsPath(path.toBytes()));
}

compileLightly(tryLink);
