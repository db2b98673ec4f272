import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { namesInIfDirectory } from "../fs/names-in.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { parseObjectName, SHARD_NAMES } from "./object-name.ts";

export interface StoredObject {
  readonly name: string;
  readonly allocatedBytes: number;
  /** When its inode last changed, by the file system's clock: being linked changes it too. */
  readonly changedMs: number;
}

/** All objects of a cache. Files with other names are not btdt's and are passed over. @throws a `node:fs` error */
export function listObjects(objects: ByteString): StoredObject[] {
  const found: StoredObject[] = [];
  const status = emptyStatus();
  const path = new PathBuffer();
  for (const shard of SHARD_NAMES) {
    path.set(joinBytes(objects, bytesFromText(shard)));
    const { length } = path;
    for (const name of namesInIfDirectory(path.toBytes())) {
      if (parseObjectName(name) === undefined || !name.startsWith(shard)) continue;
      path.truncate(length).append(`/${name}` as ByteString);
      // A restore may have dropped it just now.
      if (!lstatBuffer(path, status)) continue;
      found.push({ name, allocatedBytes: status.allocatedBytes, changedMs: status.ctimeSeconds * 1000 });
    }
  }
  return found;
}

export function objectPath(objects: ByteString, name: string): ByteString {
  return joinBytes(joinBytes(objects, bytesFromText(name.slice(0, 2))), bytesFromText(name));
}
