import { readCurrentUser } from "./current-user.ts";
import type { FileStatus } from "./native/file-status.ts";

/** Whether this process's user owns a file, so that its mode and time are this user's business. */
export function isOwn({ ownerId }: FileStatus): boolean {
  return ownerId === readCurrentUser().userId;
}
