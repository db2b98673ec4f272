import { type ByteString, bytesFromText } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { publishManifestFile } from "../cache/manifest-files.ts";
import { prepareCache } from "../cache/prepare-cache.ts";
import { Session } from "../cache/session.ts";
import { flushIfCheap } from "../durability/flush.ts";
import { Suspects } from "../durability/suspects.ts";
import { markUnflushed, type UnflushedMark } from "../durability/unflushed-marks.ts";
import type { FoundTree } from "../entry/load-trees.ts";
import type { KeyRecord, StoredTree } from "../key/key-record.ts";
import { extendManifest } from "../manifest/extend-manifest.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { timesOf } from "../objects/reuse-object-times.ts";
import type { SourcedFound } from "../restore/entry-source.ts";
import { placeEntry } from "../restore/place-entry.ts";
import { classifyFiles, Sharing } from "../sharing/classify-files.ts";
import type { ShareGlobs } from "../sharing/share-globs.ts";
import { announceManifest } from "../store/announce-manifest.ts";
import { keepAsObjects } from "../store/keep-as-objects.ts";
import { publishKeys } from "../store/publish-keys.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { linkHeld } from "./link-held.ts";
import { originsOf } from "./origin.ts";

interface Caches {
  readonly near: CacheDirectory;
  readonly far: CacheDirectory;
  readonly globs: ShareGlobs;
}

/**
 * Keeps an entry of a far cache directory in the local one, as linkable objects. Each tree is built in the session's
 * directory, from what the local cache has and what has to be fetched, and its files become objects, in the order of a
 * store: a kill leaves garbage that the next clean deletes.
 * @throws BtdtError if the entry is damaged, the far cache cannot be read, or the local one cannot be written to
 */
export async function importEntry(caches: Caches, entry: SourcedFound, runtime: Runtime): Promise<void> {
  const { near } = caches;
  prepareCache(near);
  const session = Session.open(near);
  try {
    const importer = new TreeImporter(caches, session, runtime);
    const [first, ...others] = entry.trees;
    if (first === undefined) throw new RangeError("an entry has at least one tree");
    const trees: [StoredTree, ...StoredTree[]] = [await importer.import(first)];
    for (const tree of others) trees.push(await importer.import(tree));
    await importer.publish(entry.record, trees);
  } finally {
    runtime.progress.end();
    // It may contain a large tree.
    session.close(runtime.isCancelled());
  }
}

class TreeImporter {
  readonly #caches: Caches;
  readonly #session: Session;
  readonly #runtime: Runtime;
  readonly #suspects: Suspects | undefined;
  readonly #marks: UnflushedMark[] = [];
  readonly #manifestFiles = new Map<string, Uint8Array>();
  #newBytes = 0;

  constructor(caches: Caches, session: Session, runtime: Runtime) {
    this.#caches = caches;
    this.#session = session;
    this.#runtime = runtime;
    this.#suspects = Suspects.find(caches.near);
  }

  async import({ stored, manifest: farManifest }: FoundTree): Promise<StoredTree> {
    const { near, globs } = this.#caches;
    const names = stored.path === undefined ? [] : [bytesFromText(stored.path)];
    const place = { names, globs, linkMode: "auto" as const, isTemporary: true };
    const edited = new Uint8Array(farManifest.counts.fileCount);
    const sharing = classifyFiles(farManifest, place, edited);
    const usesExclusiveObjects = sharing.includes(Sharing.EXCLUSIVE);
    const manifest = extendManifest(farManifest, { usesExclusiveObjects });
    // From here on, no clean deletes what the local cache already has of it.
    const announced = await announceManifest(
      near,
      this.#session,
      () => undefined,
      manifest,
      this.#runtime.isCancelled,
    );
    this.#manifestFiles.set(announced.digest, announced.file);
    const intent = this.#session.intentPath(announced.digest);
    this.#marks.push(markUnflushed(near, this.#session, announced.digest, intent));
    const tree = {
      path: await this.#build({ stored, manifest: farManifest }),
      manifest,
      sourceTimes: timesOf(manifest),
      sharing,
      attributed: undefined,
      suspects: this.#suspects?.flagFiles(manifest),
    };
    const kept = await keepAsObjects({ cache: near, linkMode: "auto" }, tree, this.#session, this.#runtime);
    this.#newBytes += kept.newBytes;
    return { ...stored, manifest: announced.digest };
  }

  async publish(record: KeyRecord, trees: readonly [StoredTree, ...StoredTree[]]): Promise<void> {
    const { near } = this.#caches;
    if (this.#runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before anything was restored");
    for (const [digest, file] of this.#manifestFiles) {
      publishManifestFile(near, this.#session, digest, file);
      this.#newBytes += file.length;
    }
    const request = { cache: near, keys: [record.key] as const, pin: false };
    await publishKeys(
      request,
      this.#session,
      { trees, origins: originsOf(record) },
      this.#newBytes,
      this.#runtime,
    );
    flushIfCheap(near, this.#marks);
  }

  /** Nobody else sees the tree, so all of it may be linked to objects of the local cache. */
  async #build({ stored, manifest }: FoundTree): Promise<ByteString> {
    const { far } = this.#caches;
    const path = this.#session.temporaryPath();
    const isBegun = await this.#begin(manifest, path);
    const links = {
      objects: far.objects,
      temporary: undefined,
      // What is linked to another cache's objects would change with them.
      mode: "reflink" as const,
      isVerified: false,
      linksOnlyOwn: false,
      sharing: new Uint8Array(new SharedArrayBuffer(manifest.counts.fileCount)),
      suspects: Suspects.find(far)?.flagFiles(manifest),
    };
    const target = {
      cache: far,
      manifest,
      digest: stored.manifest,
      marks: [],
      session: undefined,
      name: bytesFromText(stored.path ?? ""),
      recordedPath: stored.path,
      destination: isBegun
        ? { kind: "directory" as const, path }
        : { kind: "free" as const, path, parent: this.#session.directory, missingParents: [] },
      remote: undefined,
      exact: false,
      links,
    };
    const placed = await placeEntry([target], this.#runtime);
    if (placed.kind === "placed") return path;
    throw new BtdtError("ENTRY_MISSING", placed.reason);
  }

  /** Makes the part of a tree that the local cache has; false if that is nothing. */
  async #begin(manifest: Manifest, path: ByteString): Promise<boolean> {
    if (manifest.counts.isSingleFile) return false;
    return (await linkHeld(this.#caches.near, manifest, path, createPause(this.#runtime.isCancelled))) > 0;
  }
}
