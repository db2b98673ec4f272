import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { isRealDirectory } from "../fs/assert-not-symlink.ts";
import { hasKeptAttributes } from "../fs/file-clock.ts";
import { namesIn } from "../fs/names-in.ts";
import { emptyStatus, type FileStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { ObjectCondition } from "./check-objects.ts";
import { type FoundObject, isNewer } from "./has-lost-data.ts";
import { type ObjectName, parseObjectName } from "./object-name.ts";
import { objectPath } from "./object-path.ts";

export interface StoredObject extends FoundObject {
  readonly name: string;
  readonly allocatedBytes: number;
  /** When its inode last changed, by the file system's clock; linking it changes it, too. */
  readonly changedMs: number;
  /** It has the mode and time in its name, as far as its file system can hold them. Only a manifest tells its size. */
  readonly isAsNamed: boolean;
  /** What its bytes were found to be; undefined if they were not read. */
  readonly condition: ObjectCondition | undefined;
}

export interface ListedName {
  readonly name: string;
  readonly parsed: ObjectName;
}

const SHARD_NAME = /^[\da-f]{2}$/;

/** The shards that exist, sorted. @throws a `node:fs` error */
export function listShardNames(objects: ByteString): string[] {
  return namesIn(objects)
    .filter((name) => SHARD_NAME.test(name))
    .toSorted();
}

/**
 * The names of the objects in one shard. Files with other names are not btdt's and are ignored.
 * @throws a `node:fs` error
 */
export function listShard(objects: ByteString, shard: string): ListedName[] {
  const directory = joinBytes(objects, bytesFromText(shard));
  // A foreign file in place of a shard contains no objects.
  if (!isRealDirectory(directory)) return [];
  const listed: ListedName[] = [];
  for (const name of namesIn(directory)) {
    const parsed = name.startsWith(shard) ? parseObjectName(name) : undefined;
    if (parsed !== undefined) listed.push({ name, parsed });
  }
  return listed;
}

/** @throws a `node:fs` error */
export function objectNamesInShard(objects: ByteString, shard: string): string[] {
  return listShard(objects, shard).map(({ name }) => name);
}

/** The names of all objects of a cache. @throws a `node:fs` error */
export function listObjectNames(objects: ByteString): Set<string> {
  const names = new Set<string>();
  for (const shard of listShardNames(objects)) {
    for (const name of objectNamesInShard(objects, shard)) names.add(name);
  }
  return names;
}

/** The objects in one shard, with their status. @throws a `node:fs` error */
export function listObjectsInShard(objects: ByteString, shard: string): StoredObject[] {
  // A restore may have just dropped it.
  return listShard(objects, shard).flatMap((listed) => examineListed(objects, listed) ?? []);
}

const path = new PathBuffer();
const status = emptyStatus();

/** Undefined if it does not exist, or the name is not that of an object. @throws a `node:fs` error */
export function lookUpObject(objects: ByteString, name: string): StoredObject | undefined {
  const parsed = parseObjectName(name);
  return parsed === undefined ? undefined : examineListed(objects, { name, parsed });
}

/** Undefined if it does not exist any more. @throws a `node:fs` error */
export function examineListed(
  objects: ByteString,
  listed: ListedName,
  condition?: ObjectCondition,
): StoredObject | undefined {
  if (!lstatBuffer(path.set(objectPath(objects, listed.name)), status)) return undefined;
  return describeObject(path, listed, status, condition);
}

/**
 * @param object its path
 * @param condition if its bytes were read
 */
export function describeObject(
  object: PathBuffer,
  { name, parsed }: ListedName,
  status: FileStatus,
  condition?: ObjectCondition,
): StoredObject {
  const { sizeBytes, allocatedBytes } = status;
  const { permissions: mode, mtimeSeconds, mtimeNanoseconds } = parsed;
  return {
    name,
    sizeBytes,
    allocatedBytes,
    changedMs: status.ctimeSeconds * 1000,
    isFile: status.kind === "file",
    isNewer: isNewer(status, parsed),
    isAsNamed: hasKeptAttributes(status, { mode, sizeBytes, mtimeSeconds, mtimeNanoseconds }, object),
    condition,
  };
}
