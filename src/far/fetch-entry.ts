import { closeSync, openSync } from "node:fs";
import { bytesFromText, fsPath, joinBytes, parentOf } from "../base/byte-string.ts";
import type { ByteRange, ObjectStore } from "../bucket/object-store.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { manifestPath } from "../cache/manifest-files.ts";
import { writeFullyAt } from "../fs/positioned-io.ts";
import { writeNewFile } from "../fs/regular-file.ts";
import { encodeKeyFile } from "../key/key-file.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { indexFilePath, packDirectory, packFilePath } from "../packs/contents/pack-directory.ts";
import { packName } from "./bucket-layout.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { type FetchedTail, fetchTail } from "./fetch-tail.ts";

type Tail = Extract<FetchedTail, { kind: "fetched" }>;

export type FetchedEntry =
  | { readonly kind: "fetched" }
  /** A sentence for the user. */
  | { readonly kind: "damaged"; readonly reason: string };

const RANGE_BYTES = 8 * 1024 * 1024;
const MOST_IN_FLIGHT = 8;

/**
 * Fetches an entry with whole packs into an empty cache directory, where it is one like any other. Contents are checked
 * when they are read there.
 * @throws BtdtError, see `ObjectStore`; a `node:fs` error
 */
export async function fetchEntry(
  store: ObjectStore,
  record: BucketRecord,
  cache: CacheDirectory,
): Promise<FetchedEntry> {
  const tails = await Promise.all(record.packs.map((pack) => fetchTail(store, pack)));
  const bad = tails.find((tail) => tail.kind !== "fetched");
  if (bad !== undefined) return { kind: "damaged", reason: `its pack ${bad.id} is ${bad.kind}` };
  // A record may name a part twice.
  const written = new Set<string>();
  const isNew = (digest: string): boolean => !written.has(digest) && written.add(digest).has(digest);
  for (const tail of tails.filter((each) => each.kind === "fetched")) {
    for (const { digest } of tail.recorded.manifests) {
      if (!isNew(digest)) continue;
      const path = manifestPath(cache, digest);
      cache.makeDirectory(parentOf(path));
      writeNewFile(path, tail.manifests.get(digest) ?? new Uint8Array(0));
    }
    const { index } = tail.recorded;
    if (index === undefined || !isNew(index.digest)) continue;
    if (!(await fetchPack(store, tail, index, cache))) {
      return { kind: "damaged", reason: `its pack ${tail.recorded.id} is missing` };
    }
  }
  writeNewFile(joinBytes(cache.keys, bytesFromText(keyFileName(record.key))), encodeKeyFile(record));
  return { kind: "fetched" };
}

/** False if it is gone. */
async function fetchPack(
  store: ObjectStore,
  { recorded: { id }, manifests }: Tail,
  index: NonNullable<Tail["recorded"]["index"]>,
  cache: CacheDirectory,
): Promise<boolean> {
  cache.makeDirectory(packDirectory(cache, index.digest));
  writeNewFile(indexFilePath(cache, index.digest), manifests.get(index.digest) ?? new Uint8Array(0));
  const descriptor = openSync(fsPath(packFilePath(cache, index.digest)), "wx");
  let nextBytes = 0;
  let isGone = false;
  const work = async (): Promise<void> => {
    while (nextBytes < index.offset && !isGone) {
      const range: ByteRange = {
        startBytes: nextBytes,
        endBytes: Math.min(nextBytes + RANGE_BYTES, index.offset),
      };
      nextBytes = range.endBytes;
      const found = await store.get(packName(id), range);
      // What is too short is found damaged when it is read.
      if (found.kind === "missing") isGone = true;
      else writeFullyAt(descriptor, found.bytes, range.startBytes);
    }
  };
  try {
    await Promise.all(Array.from({ length: MOST_IN_FLIGHT }, work));
    return !isGone;
  } finally {
    closeSync(descriptor);
  }
}
