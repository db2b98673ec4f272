import { type ByteString, bytesFromText, display, parentOf } from "../base/byte-string.ts";
import { readCurrentUser } from "../fs/current-user.ts";
import { errnoOf } from "../fs/errno.ts";
import { mayAccess } from "../fs/may-access.ts";
import { lstat } from "../fs/native/file-status.ts";

export interface Denial {
  /** `/cache/btdt-v1/keys belongs to user 0, group 0 and has mode 755; this is user 65532, groups 65532 100` */
  readonly sentence: string;
  readonly hint: string;
}

/** Calls that need rights to the file itself; all others need them to its directory. */
const OWN_RIGHTS: ReadonlySet<unknown> = new Set(["open", "scandir", "opendir", "utimensat", "chmod"]);

/**
 * Why this user was refused something in a cache, and what to do about it. Undefined for errors that are not about
 * permissions.
 * @param cachePath what to blame if the error does not say
 */
export function explainDenial(cachePath: ByteString, error: unknown): Denial | undefined {
  const errno = errnoOf(error);
  if (errno !== "EACCES" && errno !== "EPERM") return undefined;
  const path = findCulprit(error) ?? cachePath;
  const status = exists(path) ? lstat(path) : undefined;
  if (status === undefined) return undefined;
  const { ownerId, groupId, mode } = status;
  const { userId, groupIds } = readCurrentUser();
  const asking = `user ${userId}, ${groupIds.length === 1 ? "group" : "groups"} ${groupIds.join(" ")}`;
  const cache = display(cachePath);
  return {
    sentence: `${display(path)} belongs to user ${ownerId}, group ${groupId} and has mode ${mode.toString(8)}; this is ${asking}`,
    hint: `to share a cache between users, its owner gives it to a group of theirs: chgrp -R GROUP ${cache} && find ${cache} -type d -exec chmod g+rwxs {} +`,
  };
}

/** What refused the call, as far as the error says. */
function findCulprit(error: unknown): ByteString | undefined {
  const { path, dest, syscall } = error as { path?: unknown; dest?: unknown; syscall?: unknown };
  const named = [dest, path].flatMap((each) => (typeof each === "string" ? bytesFromText(each) : []));
  const candidates = named.map((each) => nearestExisting(OWN_RIGHTS.has(syscall) ? each : parentOf(each)));
  return candidates.find((each) => !mayAccess(each, "write")) ?? candidates[0];
}

function nearestExisting(path: ByteString): ByteString {
  let current = path;
  while (!exists(current) && parentOf(current) !== current) current = parentOf(current);
  return current;
}

function exists(path: ByteString): boolean {
  try {
    return lstat(path) !== undefined;
  } catch (error) {
    // A directory on the way is closed to this user.
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
