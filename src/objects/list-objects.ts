import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { namesInIfDirectory } from "../fs/names-in.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { parseObjectName } from "./object-name.ts";
import { SHARD_NAMES } from "./object-path.ts";

export interface StoredObject {
  readonly name: string;
  readonly allocatedBytes: number;
  /** When its inode last changed, by the file system's clock: being linked changes it too. */
  readonly changedMs: number;
}

/** The names of the objects in one shard. Files with other names are not btdt's and are ignored. @throws a `node:fs` error */
export function objectNamesInShard(objects: ByteString, shard: string): string[] {
  return namesInIfDirectory(joinBytes(objects, bytesFromText(shard))).filter(
    (name) => name.startsWith(shard) && parseObjectName(name) !== undefined,
  );
}

/** The names of all objects of a cache. @throws a `node:fs` error */
export function listObjectNames(objects: ByteString): Set<string> {
  const names = new Set<string>();
  for (const shard of SHARD_NAMES) for (const name of objectNamesInShard(objects, shard)) names.add(name);
  return names;
}

/** All objects of a cache, looked at. @throws a `node:fs` error */
export function listObjects(objects: ByteString): StoredObject[] {
  const found: StoredObject[] = [];
  const status = emptyStatus();
  const path = new PathBuffer();
  for (const shard of SHARD_NAMES) {
    path.set(joinBytes(objects, bytesFromText(shard)));
    const { length } = path;
    for (const name of objectNamesInShard(objects, shard)) {
      path.truncate(length).append(`/${name}` as ByteString);
      // A restore may have dropped it just now.
      if (!lstatBuffer(path, status)) continue;
      found.push({ name, allocatedBytes: status.allocatedBytes, changedMs: status.ctimeSeconds * 1000 });
    }
  }
  return found;
}
