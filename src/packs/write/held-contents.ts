import { type ByteString, bytesFromText, joinBytes } from "../../base/byte-string.ts";
import { hexOf } from "../../base/digest.ts";
import { namesIn } from "../../fs/names-in.ts";
import { emptyStatus, type FileStatus, lstatBuffer } from "../../fs/native/file-status.ts";
import { PathBuffer } from "../../fs/native/path-buffer.ts";
import { formatObjectName, PERMISSIONS, parseObjectName, SHARD_NAMES } from "../../objects/object-name.ts";
import { type ContentTable, contentTable, findContent } from "../contents/content-table.ts";
import { CONTENT_ID_BYTES } from "../format/pack-index.ts";
import { contentClaims } from "./content-claims.ts";

/** What a store need not write, in memory that threads share. */
export interface HeldContents {
  /** Contents in the cache's packs. */
  readonly packed: ContentTable;
  /** Contents that some object has, though perhaps with another time or mode; undefined when there are no objects. */
  readonly objectContents: ContentTable | undefined;
  readonly objects: ByteString;
  readonly claims: Int32Array;
  /** One word: non-zero once the store has failed. */
  readonly stopFlag: Int32Array;
}

export function heldContents(
  packed: ContentTable,
  objects: ByteString,
  objectNames: Iterable<string>,
): HeldContents {
  const ids: string[] = [];
  for (const name of objectNames) ids.push(name.slice(0, 2 * CONTENT_ID_BYTES));
  return {
    packed,
    objectContents: ids.length === 0 ? undefined : contentTable([Buffer.from(ids.join(""), "hex")]),
    objects,
    claims: contentClaims(),
    stopFlag: new Int32Array(new SharedArrayBuffer(4)),
  };
}

/** Names of all objects of a cache. @throws a `node:fs` error */
export function objectNamesOf(objects: ByteString): Set<string> {
  const names = new Set<string>();
  for (const shard of SHARD_NAMES) {
    for (const name of namesIn(joinBytes(objects, bytesFromText(shard)))) {
      if (name.startsWith(shard) && parseObjectName(name) !== undefined) names.add(name);
    }
  }
  return names;
}

const object = new PathBuffer();
const objectStatus = emptyStatus();

/** Whether the cache has, whole, the object of a file with this digest and status. */
export function hasHeldObject(
  { objectContents, objects }: HeldContents,
  digests: Uint8Array,
  offset: number,
  file: FileStatus,
): boolean {
  if (objectContents === undefined || findContent(objectContents, digests, offset) < 0) return false;
  const permissions = file.mode & PERMISSIONS;
  const { mtimeSeconds, mtimeNanoseconds, sizeBytes } = file;
  const digestHex = hexOf(digests.subarray(offset, offset + 32));
  const name = formatObjectName({ digestHex, permissions, mtimeSeconds, mtimeNanoseconds });
  object.set(`${objects}/${name.slice(0, 2)}/${name}` as ByteString);
  return (
    lstatBuffer(object, objectStatus) &&
    objectStatus.kind === "file" &&
    objectStatus.sizeBytes === sizeBytes &&
    objectStatus.mode === permissions &&
    objectStatus.mtimeSeconds === mtimeSeconds &&
    objectStatus.mtimeNanoseconds === mtimeNanoseconds
  );
}
