import { type ByteString, display } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { complies } from "../fs/access-policy.ts";
import { readCurrentUser } from "../fs/current-user.ts";
import { mayAccess } from "../fs/may-access.ts";
import { emptyStatus, lstat } from "../fs/native/file-status.ts";
import type { Check } from "./check.ts";

/** Who may use a cache, and whether this user is among them. @throws a `node:fs` error */
export function checkAccess(cache: CacheDirectory): Check[] {
  const { userId, groupIds } = readCurrentUser();
  const user: Check = {
    name: "user",
    status: "ok",
    finding: `user ${userId}, ${groupIds.length === 1 ? "group" : "groups"} ${groupIds.join(" ")}`,
  };
  // With a dot, because it may be a symlink.
  const path = `${cache.path}/.` as ByteString;
  const { ownerId, groupId, mode } = lstat(path) ?? emptyStatus();
  const owner = `${display(cache.path)} belongs to user ${ownerId}, group ${groupId} and has mode ${mode.toString(8)}`;
  const root = cache.rootStatus();
  const mayWrite = mayAccess(root === undefined ? path : cache.root, "write");
  const permissions: Check = {
    name: "permissions",
    status: mayWrite ? "ok" : "problem",
    finding: mayWrite ? owner : `${owner}: this user may not write to it`,
  };
  if (root === undefined || complies(root, cache.access)) return [user, permissions];
  const finding = `${display(cache.root)} has mode ${root.mode.toString(8)} and group ${root.groupId}: not all who may use the cache directory may use what is in it; a store by user ${root.ownerId} changes that`;
  return [user, permissions, { name: "sharing", status: "warning", finding }];
}
