import { dlopen } from "bun:ffi";
import { platform } from "node:os";
import type { FileStatus } from "./native/file-status.ts";

let userId: number | undefined;

/** Whether this process's user owns a file, so that its mode and time are this user's business. */
export function isOwn({ ownerId }: FileStatus): boolean {
  userId ??= readUserId();
  return ownerId === userId;
}

/** The effective one. It never changes, and reading it cannot fail. */
function readUserId(): number {
  const library = platform() === "linux" ? "libc.so.6" : "libSystem.B.dylib";
  return dlopen(library, { geteuid: { args: [], returns: "u32" } }).symbols.geteuid();
}
