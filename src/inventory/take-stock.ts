import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, digestAt } from "../base/digest.ts";
import type { Progress } from "../base/progress.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listSessions } from "../cache/list-sessions.ts";
import { listManifestFiles, readManifestFile, statManifestFile } from "../cache/manifest-files.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { manifestDigestOf } from "../manifest/codec.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { ManifestReader } from "../manifest/manifest-reader.ts";
import { listObjects, type StoredObject } from "../objects/list-objects.ts";
import { hasObject } from "../objects/object-attributes.ts";
import { nameObject } from "../objects/object-name.ts";
import { PackContents } from "../packs/contents/pack-contents.ts";
import type { CacheContents, CachedEntry } from "./cache-contents.ts";
import { EditedPathUse } from "./edited-path-use.ts";
import { groupKeys } from "./group-keys.ts";
import { type DamagedKeyFile, findLeftOvers, type LeftOvers } from "./orphans.ts";
import { PackItems } from "./pack-items.ts";

/** The contents of a cache for planning, and what belongs to which index for carrying the plan out. */
export interface CollectedContents extends CacheContents {
  readonly objects: readonly StoredObject[];
  readonly packs: PackContents;
  /** Manifests that keys or stores under way need; entries may have some in common. */
  readonly manifests: readonly string[];
  /** Index of the first of them among what entries need. */
  readonly firstManifest: number;
  readonly leftOvers: LeftOvers;
  /** The key files of each entry, by its id. */
  readonly keyFilesOf: ReadonlyMap<string, readonly string[]>;
}

/**
 * Takes stock of a cache, under its exclusive lock. Intents are read before keys: a store that publishes its keys and drops
 * its intent meanwhile is seen at least once.
 * @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error
 */
export function collectContents(
  cache: CacheDirectory,
  nowMs: number,
  graceMs: number,
  progress?: Progress,
): CollectedContents {
  const sessions = cache.rootStatus() === undefined ? [] : listSessions(cache, nowMs, graceMs);
  const intents = sessions.flatMap((session) => session.intents);
  const damagedKeyFiles: DamagedKeyFile[] = [];
  const groups = groupKeys(cache, damagedKeyFiles);

  const objects = listObjects(cache.objects);
  const indexOf = new Map(objects.map((object, index) => [object.name, index]));
  const packs = PackContents.load(cache);
  const editedPathUse = new EditedPathUse(cache);
  const held: HeldItems = { indexOf, packs, packItems: new PackItems(packs, objects.length) };

  const reader = new ManifestReader((digest) => readManifestFile(cache, digest));
  const keyed = [...new Set([...groups.values()].flatMap((group) => group.manifests))];
  const manifests = new ManifestItems(held.packItems.itemCount);
  progress?.begin({ name: "reading", noun: "manifests", unit: "files", files: keyed.length });
  const needs = new Map(
    keyed.map((digest) => {
      progress?.add({ files: 1 });
      return [digest, needsOf(reader, digest, manifests, held, editedPathUse)];
    }),
  );

  const entries: CachedEntry[] = [];
  const keyFilesOf = new Map<string, readonly string[]>();
  for (const [id, group] of groups) {
    const parts = group.manifests.flatMap((digest) => needs.get(digest) ?? []);
    const damage = parts.find((part) => part.damage !== undefined)?.damage;
    keyFilesOf.set(id, group.keyFiles);
    entries.push({
      id,
      keys: group.keys,
      lastUsedMs: group.lastUsedMs,
      ownBytes: group.keyBytes,
      objects: union(parts.map((part) => part.items)),
      ...(damage === undefined ? {} : { damage }),
    });
  }

  const pinned = new Set<number>();
  for (const intent of intents) {
    const digest = manifestDigestOf(intent);
    pinned.add(manifests.itemOf(digest));
    const read = reader.decode(intent, digest);
    // Its base is gone: the store is about to notice, and to announce another manifest before it counts on anything.
    if (read.kind !== "read") continue;
    if (read.base !== undefined) pinned.add(manifests.itemOf(read.base));
    editedPathUse.see(read.manifest);
    addItemsOf(read.manifest, held, pinned);
  }
  // Where the file system has no locks, what is young may be about to be needed.
  for (const [index, { changedMs }] of objects.entries()) if (nowMs - changedMs < graceMs) pinned.add(index);
  const allManifests = listManifestFiles(cache);
  for (const digest of graceMs === 0 ? [] : allManifests) {
    const status = statManifestFile(cache, digest);
    if (status !== undefined && nowMs - mtimeMs(status) < graceMs) pinned.add(manifests.itemOf(digest));
  }

  const leftOvers = findLeftOvers(
    cache,
    {
      manifests: allManifests.filter((digest) => !manifests.has(digest)),
      keyFiles: damagedKeyFiles,
      sessions: sessions.filter(({ isDead }) => isDead),
      editedPaths: editedPathUse.plan(nowMs),
    },
    nowMs,
  );
  return {
    entries,
    objects,
    objectCount: objects.length,
    packs,
    manifests: manifests.digests,
    firstManifest: manifests.firstItem,
    objectBytes: [
      ...objects.map((object) => object.allocatedBytes),
      ...held.packItems.bytes(),
      ...manifests.digests.map((digest) => statManifestFile(cache, digest)?.allocatedBytes ?? 0),
    ],
    pinnedObjects: Uint32Array.from(pinned),
    leftOvers,
    keyFilesOf,
  };
}

/** Numbers manifests, behind the items of objects and packs, in the order in which they are first asked for. */
class ManifestItems {
  readonly firstItem: number;
  readonly #items = new Map<string, number>();

  constructor(firstItem: number) {
    this.firstItem = firstItem;
  }

  get digests(): string[] {
    return [...this.#items.keys()];
  }

  has(digest: string): boolean {
    return this.#items.has(digest);
  }

  itemOf(digest: string): number {
    const item = this.#items.get(digest) ?? this.firstItem + this.#items.size;
    this.#items.set(digest, item);
    return item;
  }
}

interface ManifestNeeds {
  /** The items of the manifest itself, of the one it was made against, and of its contents. */
  readonly items: Uint32Array;
  readonly damage: string | undefined;
}

function needsOf(
  reader: ManifestReader,
  digest: string,
  manifests: ManifestItems,
  held: HeldItems,
  editedPathUse: EditedPathUse,
): ManifestNeeds {
  const read = reader.read(digest);
  const items = new Set([manifests.itemOf(digest)]);
  if (read.kind !== "read") {
    const damage = read.kind === "missing" ? "its manifest is missing" : read.reason;
    return { items: Uint32Array.from(items), damage };
  }
  if (read.base !== undefined) items.add(manifests.itemOf(read.base));
  editedPathUse.see(read.manifest);
  const isComplete = addItemsOf(read.manifest, held, items);
  return { items: Uint32Array.from(items), damage: isComplete ? undefined : "contents are missing" };
}

function union(lists: readonly Uint32Array[]): Uint32Array {
  const [first] = lists;
  if (first !== undefined && lists.length === 1) return first;
  const items = new Set<number>();
  for (const list of lists) for (const item of list) items.add(item);
  return Uint32Array.from(items);
}

interface HeldItems {
  readonly indexOf: ReadonlyMap<string, number>;
  readonly packs: PackContents;
  readonly packItems: PackItems;
}

/**
 * Adds what a manifest's files need; false when some of it is not there. A file has an object, or contents in packs; with both, the
 * packs' ones are not needed.
 */
function addItemsOf(
  manifest: Manifest,
  { indexOf, packs, packItems }: HeldItems,
  items: Set<number>,
): boolean {
  let isComplete = true;
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (!hasObject(manifest, file)) continue;
    const index = indexOf.get(nameObject(manifest, file));
    if (index !== undefined) {
      items.add(index);
      continue;
    }
    const offset = file * DIGEST_SIZE_BYTES;
    const sizeBytes = at(manifest.fileSizes, file);
    const contents = packs.findFile(manifest.fileDigests, offset, sizeBytes);
    if (contents === undefined) isComplete = false;
    else {
      for (const content of contents) items.add(packItems.itemOfContent(content));
      if (sizeBytes <= CHUNK_SIZE_BYTES) continue;
      const large = packs.largePlaceOf(digestAt(manifest.fileDigests, file));
      if (large !== undefined) items.add(packItems.itemOfLarge(large.pack, large.large));
    }
  }
  return isComplete;
}
