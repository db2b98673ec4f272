import type { CacheDirectory } from "../backends/cache-directory.ts";
import {
  listManifestFiles,
  manifestDigestOf,
  readManifestFile,
  statManifestFile,
} from "../backends/manifest-files.ts";
import { listSessions } from "../backends/session.ts";
import { isBtdtError } from "../base/errors.ts";
import type { Progress } from "../base/progress.ts";
import { decodeManifest } from "../manifest/codec.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES } from "../objects/digest.ts";
import { listObjects, type StoredObject } from "../objects/list-objects.ts";
import { hasObject, objectNameOf } from "../objects/object-name.ts";
import { PackContents } from "../packs/pack-contents.ts";
import { EditedPathUse } from "./edited-path-use.ts";
import { groupKeys } from "./group-keys.ts";
import { type DamagedKeyFile, findLeftOvers, type LeftOvers } from "./left-overs.ts";
import { PackItems } from "./pack-items.ts";
import type { CacheContents, CachedEntry } from "./plan.ts";

/** The contents of a cache for planning, and what belongs to which index for carrying the plan out. */
export interface CollectedContents extends CacheContents {
  readonly objects: readonly StoredObject[];
  readonly packs: PackContents;
  readonly leftOvers: LeftOvers;
  /** Manifests of stores under way: they stay, whatever becomes of the keys that point to them now. */
  readonly pinnedManifests: ReadonlySet<string>;
  /** The key files of each entry, by manifest digest. */
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
  const intents = sessions.flatMap(({ intent }) => (intent === undefined ? [] : [intent]));
  const damagedKeyFiles: DamagedKeyFile[] = [];
  const groups = groupKeys(cache, damagedKeyFiles);

  const objects = listObjects(cache.objects);
  const indexOf = new Map(objects.map((object, index) => [object.name, index]));
  const packs = PackContents.load(cache);
  const held: HeldItems = { indexOf, packs, packItems: new PackItems(packs, objects.length) };

  const editedPathUse = new EditedPathUse(cache);

  const pinned = new Set<number>();
  const pinnedManifests = new Set<string>();
  for (const intent of intents) {
    const digest = manifestDigestOf(intent);
    pinnedManifests.add(digest);
    const manifest = decodeManifest(intent, digest);
    editedPathUse.see(manifest);
    for (const index of itemsOf(manifest, held).indexes) pinned.add(index);
  }
  // Where the file system has no locks, what is young may be about to be needed.
  for (const [index, { changedMs }] of objects.entries()) if (nowMs - changedMs < graceMs) pinned.add(index);

  const entries: CachedEntry[] = [];
  const keyFilesOf = new Map<string, readonly string[]>();
  progress?.begin({ name: "reading", noun: "entries", unit: "files", files: groups.size });
  for (const [manifestDigest, group] of groups) {
    const { manifest, damage } = readSoundManifest(cache, manifestDigest);
    if (manifest !== undefined) editedPathUse.see(manifest);
    const manifestBytes = statManifestFile(cache, manifestDigest)?.allocatedBytes ?? 0;
    const needed =
      manifest === undefined ? { indexes: new Uint32Array(0), isComplete: true } : itemsOf(manifest, held);
    const reason = damage ?? (needed.isComplete ? undefined : "contents are missing");
    keyFilesOf.set(manifestDigest, group.keyFiles);
    entries.push({
      manifestDigest,
      keys: group.keys,
      lastUsedMs: group.lastUsedMs,
      ownBytes: group.keyBytes + manifestBytes,
      pinnedBytes: pinnedManifests.has(manifestDigest) ? manifestBytes : 0,
      objects: needed.indexes,
      ...(reason === undefined ? {} : { damage: reason }),
    });
    progress?.add({ files: 1 });
  }

  const leftOvers = findLeftOvers(
    cache,
    {
      manifests: listManifestFiles(cache).filter(
        (digest) => !groups.has(digest) && !pinnedManifests.has(digest),
      ),
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
    objectBytes: [...objects.map((object) => object.allocatedBytes), ...held.packItems.bytes()],
    pinnedObjects: Uint32Array.from(pinned),
    leftOvers,
    pinnedManifests,
    keyFilesOf,
  };
}

function readSoundManifest(
  cache: CacheDirectory,
  digest: string,
): { readonly manifest?: Manifest; readonly damage?: string } {
  const bytes = readManifestFile(cache, digest);
  if (bytes === undefined) return { damage: "its manifest is missing" };
  if (manifestDigestOf(bytes) !== digest) return { damage: "its manifest was altered" };
  try {
    return { manifest: decodeManifest(bytes, digest) };
  } catch (error) {
    if (isBtdtError(error, "MANIFEST_DAMAGED")) return { damage: "its manifest is damaged" };
    throw error;
  }
}

interface HeldItems {
  readonly indexOf: ReadonlyMap<string, number>;
  readonly packs: PackContents;
  readonly packItems: PackItems;
}

/** A file has an object, or contents in packs; with both, the packs' ones are not needed. */
function itemsOf(
  manifest: Manifest,
  { indexOf, packs, packItems }: HeldItems,
): { readonly indexes: Uint32Array; readonly isComplete: boolean } {
  const indexes = new Set<number>();
  let isComplete = true;
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (!hasObject(manifest, file)) continue;
    const index = indexOf.get(objectNameOf(manifest, file));
    if (index !== undefined) {
      indexes.add(index);
      continue;
    }
    const offset = file * DIGEST_SIZE_BYTES;
    const sizeBytes = at(manifest.fileSizes, file);
    const contents = packs.find(manifest.fileDigests, offset, sizeBytes);
    if (contents === undefined) isComplete = false;
    else {
      for (const content of contents) indexes.add(packItems.itemOfContent(content));
      if (sizeBytes <= CHUNK_SIZE_BYTES) continue;
      const large = packs.largePlaceOf(manifest.fileDigests.subarray(offset, offset + DIGEST_SIZE_BYTES));
      if (large !== undefined) indexes.add(packItems.itemOfLarge(large.pack, large.large));
    }
  }
  return { indexes: Uint32Array.from(indexes), isComplete };
}
