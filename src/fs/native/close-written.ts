import { compileLightly } from "../../base/compile-lightly.ts";
import { lastError } from "./last-error.ts";
import { libc } from "./libc.ts";

/**
 * Closes a file that was written to. Only now do some file systems say that it did not fit (NFS, quotas, FUSE); the runtime's
 * own `closeSync` drops that answer. The descriptor is closed even when this throws.
 * @throws an error as of `node:fs`: what was written may be lost
 */
export function closeWritten(descriptor: number): void {
  if (libc.close(descriptor) !== 0) throw lastError("close");
}

compileLightly(closeWritten);
