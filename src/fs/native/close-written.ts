import { compileLightly } from "../../base/compile-lightly.ts";
import { lastError } from "./last-error.ts";
import { libc } from "./libc.ts";

/**
 * Closes a file that was written to. Some file systems (NFS, FUSE, those with quotas) report only now that writing
 * failed, and the runtime's own `closeSync` ignores that. The descriptor is closed even if this throws.
 * @throws an error like those of `node:fs`: what was written may be lost
 */
export function closeWritten(descriptor: number): void {
  if (libc.close(descriptor) !== 0) throw lastError("close");
}

compileLightly(closeWritten);
