import type { ListedObject, ObjectStore } from "../bucket/object-store.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { sharedPrefixLength } from "../key/shared-prefix.ts";
import { KEYS_PREFIX } from "./bucket-layout.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { fetchRecord } from "./fetch-record.ts";
import { listAll } from "./list-all.ts";

export interface NearestEntry {
  readonly record: BucketRecord | undefined;
  /** The server's clock before anything that the store counts on was looked at. */
  readonly serverMs: number;
}

/**
 * The entry that a store is likely to share most contents with: its key is one of the same family, up to its last
 * separator, and has the longest common prefix with one of `keys`; of several, the one stored last.
 * @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore`
 */
export async function findNearestEntry(store: ObjectStore, keys: readonly string[]): Promise<NearestEntry> {
  const families = [...new Set(keys.map((key) => familyOf(keyFileName(key))))];
  const listings = await Promise.all(families.map((family) => listAll(store, KEYS_PREFIX + family)));
  const serverMs = Math.min(...listings.map((listing) => listing.serverMs));
  const nearest = chooseNearest(
    listings.flatMap(({ objects }) => objects),
    keys.map(keyFileName),
  );
  if (nearest === undefined) return { record: undefined, serverMs };
  const read = await fetchRecord(store, nearest.name.slice(KEYS_PREFIX.length));
  return { record: read.kind === "read" ? read.record : undefined, serverMs };
}

/**
 * The file name up to the last separator before a hash or a version: the key `npm-linux-0f3c` is of the family
 * `npm-linux-`.
 */
function familyOf(fileName: string): string {
  return /^.*[-_.+=@]/.exec(fileName.replace(/~[0-9a-f]{32}$/, ""))?.[0] ?? "";
}

function chooseNearest(
  objects: readonly ListedObject[],
  wanted: readonly string[],
): ListedObject | undefined {
  const rated = objects.map((object) => {
    const fileName = object.name.slice(KEYS_PREFIX.length);
    return { object, length: Math.max(...wanted.map((each) => sharedPrefixLength(each, fileName))) };
  });
  return rated.toSorted(
    (left, right) => right.length - left.length || right.object.modifiedMs - left.object.modifiedMs,
  )[0]?.object;
}
