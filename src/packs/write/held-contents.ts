import type { ByteString } from "../../base/byte-string.ts";
import { DIGEST_SIZE_BYTES, hexOf } from "../../base/digest.ts";
import { hasKeptAttributes } from "../../fs/file-clock.ts";
import { emptyStatus, type FileStatus, lstatBuffer } from "../../fs/native/file-status.ts";
import { PathBuffer } from "../../fs/native/path-buffer.ts";
import { PERMISSIONS } from "../../objects/object-attributes.ts";
import { formatObjectName } from "../../objects/object-name.ts";
import { objectPath } from "../../objects/object-path.ts";
import { buildContentTable, type ContentTable, findContent, NOT_FOUND } from "../contents/content-table.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";
import { allocateClaims } from "./content-claims.ts";

/** What a store need not write, in memory shared between threads. */
export interface HeldContents {
  /** Contents in the cache's packs. */
  readonly packed: ContentTable;
  /** Contents that some object has, perhaps with a different time or mode; undefined if there are no objects. */
  readonly objectContents: ContentTable | undefined;
  readonly objects: ByteString;
  readonly claims: Int32Array;
  /** One word: non-zero once the store has failed. */
  readonly stopFlag: Int32Array;
}

export function gatherHeldContents(
  packed: ContentTable,
  objects: ByteString,
  objectNames: Iterable<string>,
): HeldContents {
  const ids: string[] = [];
  for (const name of objectNames) ids.push(name.slice(0, 2 * CONTENT_ID_BYTES));
  return {
    packed,
    objectContents: ids.length === 0 ? undefined : buildContentTable([Buffer.from(ids.join(""), "hex")]),
    objects,
    claims: allocateClaims(),
    stopFlag: new Int32Array(new SharedArrayBuffer(4)),
  };
}

const object = new PathBuffer();
const objectStatus = emptyStatus();

/** Whether the cache has a whole object for a file with this digest and status. */
export function holdsObject(
  { objectContents, objects }: HeldContents,
  digests: Uint8Array,
  offset: number,
  file: FileStatus,
): boolean {
  if (objectContents === undefined || findContent(objectContents, digests, offset) === NOT_FOUND)
    return false;
  const permissions = file.mode & PERMISSIONS;
  const { mtimeSeconds, mtimeNanoseconds, sizeBytes } = file;
  const digestHex = hexOf(digests.subarray(offset, offset + DIGEST_SIZE_BYTES));
  const attributes = { mode: permissions, sizeBytes, mtimeSeconds, mtimeNanoseconds };
  return [false, true].some((isExclusive) => {
    const name = formatObjectName({ digestHex, permissions, mtimeSeconds, mtimeNanoseconds, isExclusive });
    object.set(objectPath(objects, name));
    return lstatBuffer(object, objectStatus) && hasKeptAttributes(objectStatus, attributes, object);
  });
}
