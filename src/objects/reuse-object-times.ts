import type { ByteString } from "../base/byte-string.ts";
import { DIGEST_HEX_DIGITS } from "../base/digest.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { objectNamesInShard } from "./list-objects.ts";
import { hasObject } from "./object-attributes.ts";
import { nameObject, parseObjectName } from "./object-name.ts";

/** The modification times of a manifest's files, in memory shared between threads. */
export interface FileTimes {
  readonly seconds: Float64Array;
  readonly nanoseconds: Uint32Array;
}

export function timesOf(manifest: Manifest): FileTimes {
  return { seconds: manifest.fileMtimeSeconds, nanoseconds: manifest.fileMtimeNanoseconds };
}

/**
 * Removes modification times from what makes two files equal (`--ignore-mtime`).
 *
 * A time cannot simply be dropped, because an object is an inode and has one, which restores check. So a file gets
 * the time of an object with its content and permissions in the cache, or of an equal file earlier in the tree. The
 * files of the source are not changed; the function returns their times.
 */
export function reuseObjectTimes(manifest: Manifest, objects: ByteString): FileTimes {
  const sourceTimes = copyOf(timesOf(manifest));
  const nameOfContent = new Map<string, string>();
  const listedShards = new Set<string>();
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (!hasObject(manifest, file)) continue;
    const ownName = nameObject(manifest, file);
    const shard = ownName.slice(0, 2);
    if (!listedShards.has(shard)) {
      listedShards.add(shard);
      for (const name of objectNamesInShard(objects, shard)) nameOfContent.set(contentPart(name), name);
    }
    const content = contentPart(ownName);
    const known = parseObjectName(nameOfContent.get(content) ?? "");
    if (known === undefined) {
      nameOfContent.set(content, ownName);
    } else {
      manifest.fileMtimeSeconds[file] = known.mtimeSeconds;
      manifest.fileMtimeNanoseconds[file] = known.mtimeNanoseconds;
    }
  }
  return sourceTimes;
}

function copyOf(times: FileTimes): FileTimes {
  const seconds = new Float64Array(new SharedArrayBuffer(times.seconds.byteLength));
  const nanoseconds = new Uint32Array(new SharedArrayBuffer(times.nanoseconds.byteLength));
  seconds.set(times.seconds);
  nanoseconds.set(times.nanoseconds);
  return { seconds, nanoseconds };
}

/** Digest and permissions. */
function contentPart(objectName: string): string {
  return objectName.slice(0, objectName.indexOf("-", DIGEST_HEX_DIGITS + 1));
}
