import { type ByteString, parentOf } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { type AccessPolicy, makeDirectoryWith, readAccessPolicy } from "../fs/access-policy.ts";
import { isRealDirectory } from "../fs/assert-not-symlink.ts";
import { errnoOf } from "../fs/errno.ts";
import { lstat } from "../fs/native/file-status.ts";
import { hasFoundNothing } from "../fs/native/last-error.ts";
import { tryLink } from "../fs/native/link-file.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { rename } from "../fs/native/path-calls.ts";

/**
 * Shards are made when the first object gets its name in them: a cache that only has packs has none, so nobody has to
 * list 256 empty directories.
 */

/** Tries to give a file the name of an object, too, and returns whether it worked. @throws a `node:fs` error */
export function linkAsObject(existing: PathBuffer, object: PathBuffer): boolean {
  if (tryLink(existing, object)) return true;
  return hasFoundNothing() && makeShardOf(object) && tryLink(existing, object);
}

/** Gives a file the name of an object, and replaces what has that name. @throws a `node:fs` error */
export function renameToObject(finished: ByteString, object: PathBuffer): void {
  const moveThere = (): void => rename(finished, object.toBytes());
  try {
    moveThere();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" || !makeShardOf(object)) throw error;
    moveThere();
  }
}

/**
 * Makes the shard of an object if it is still missing, for those who may use the directory of objects. Another thread
 * or process may have made it since the call that did not find it.
 * @returns whether there is a shard now, so that the call is worth another try
 * @throws BtdtError CACHE_NOT_ACCESSIBLE when it is a symlink; a `node:fs` error
 */
function makeShardOf(object: PathBuffer): boolean {
  const shard = parentOf(object.toBytes());
  if (isRealDirectory(shard)) return true;
  const policy = readShardPolicy(parentOf(shard));
  return policy !== undefined && makeMissingShard(shard, policy);
}

/** Undefined if there is no directory of objects. @throws a `node:fs` error */
export function readShardPolicy(objects: ByteString): AccessPolicy | undefined {
  const status = lstat(objects);
  return status?.kind === "directory" ? readAccessPolicy(status) : undefined;
}

/** @returns whether there is one now @throws as for `makeShardOf` */
export function makeMissingShard(shard: ByteString, policy: AccessPolicy): boolean {
  try {
    makeDirectoryWith(policy, shard);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    return isRealDirectory(shard);
  }
  return true;
}

compileLightly(linkAsObject);
