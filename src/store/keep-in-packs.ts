import type { ByteString } from "../base/byte-string.ts";
import type { Compression } from "../base/compression.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import { withSharedLock } from "../cache/cache-lock.ts";
import type { Session } from "../cache/session.ts";
import type { Suspects } from "../durability/suspects.ts";
import { touchIfPossible } from "../fs/native/set-times.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { fileChanged } from "../objects/adopt-errors.ts";
import { listObjectNames } from "../objects/list-objects.ts";
import { countFilledFiles } from "../objects/object-attributes.ts";
import { PackContents } from "../packs/contents/pack-contents.ts";
import { listPacks, packFilePath, publishPack } from "../packs/contents/pack-directory.ts";
import { gatherHeldContents } from "../packs/write/held-contents.ts";
import { PackWriter } from "../packs/write/pack-writer.ts";
import { PackingDigester } from "../packs/write/packing-digester.ts";
import type { Digester } from "../read/digester.ts";
import type { Runtime } from "../work/runtime.ts";
import { assertNotCancelled } from "./assert-not-cancelled.ts";
import { ContentFinder } from "./content-finder.ts";
import { readAgain } from "./read-again.ts";
import type { KeptFiles } from "./request.ts";

/** A tree that was read by a packer, and whose intent is published. */
export interface PackedSource {
  readonly source: ByteString;
  readonly manifest: Manifest;
}

/** Packs the contents of a store while they are read, and checks them once the intents protect them. */
export class TreePacker {
  readonly #cache: CacheDirectory;
  readonly #session: Session;
  readonly #compression: Compression;
  readonly #digester: PackingDigester;
  readonly #ownPacks = new Set<string>();
  #writer: PackWriter;
  #found: ContentFinder;
  #newBytes = 0;
  #source: ByteString | undefined;
  #reusedBefore = 0;

  private constructor(
    cache: CacheDirectory,
    session: Session,
    compression: Compression,
    packs: PackContents,
    names: string,
    objectNames: ReadonlySet<string>,
  ) {
    this.#cache = cache;
    this.#session = session;
    this.#compression = compression;
    const held = gatherHeldContents(packs.table, cache.objects, objectNames);
    this.#writer = new PackWriter(session.temporaryPath(), compression, cache.access);
    this.#digester = new PackingDigester(this.#writer, held);
    this.#found = new ContentFinder(cache.objects, packs, names);
  }

  /** @throws BtdtError CACHE_WRITE_FAILED, CACHE_FORMAT_NEWER */
  static open(
    cache: CacheDirectory,
    session: Session,
    suspects: Suspects | undefined,
    compression: Compression,
  ): TreePacker {
    try {
      // Exactly these, so that one that appears and disappears between two listings is never relied on.
      const names = listPacks(cache);
      const objectNames = listObjectNames(cache.objects);
      // What may be lost is packed again.
      for (const name of objectNames) if (suspects?.isSuspect(name)) objectNames.delete(name);
      return new TreePacker(
        cache,
        session,
        compression,
        PackContents.load(cache, names),
        names.join(),
        objectNames,
      );
    } catch (error) {
      throw cacheWriteError(cache, error);
    }
  }

  /** Call it before a source is read, and before it is read again: only the last time counts. */
  startSource(source: ByteString): void {
    if (this.#source === source) this.#digester.forgetReused(this.#reusedBefore);
    this.#source = source;
    this.#reusedBefore = this.#digester.reusedCount;
  }

  /** Packs what the cache does not have yet. */
  get digester(): Digester {
    return this.#digester;
  }

  /**
   * Publishes what was packed, and makes sure that the cache has all contents of the sources. Call it when the
   * session's intents are published: from the moment the pack has its name, they protect all contents in it and all
   * chunks in its chunk lists. Contents that existed when the trees were read may be gone by then, and are read
   * again.
   * @throws BtdtError
   */
  async complete(sources: readonly PackedSource[], runtime: Runtime): Promise<KeptFiles> {
    try {
      await this.#publish(runtime, (digest) => !this.#found.hasChunkList(digest));
      const missing = sources.map(({ manifest }) => this.#found.listMissing(manifest));
      const missingCount = missing.flat().length;
      if (missingCount > 0) {
        this.#writer.close();
        this.#writer = new PackWriter(this.#session.temporaryPath(), this.#compression, this.#cache.access);
        this.#digester.switchTo(this.#writer);
        for (const [index, { source, manifest }] of sources.entries()) {
          await readAgain(this.#digester, source, manifest, missing[index] ?? [], runtime);
          assertNotCancelled(runtime);
        }
        // With all lists, so that from now on each of these files is complete in a pack that the intents protect.
        await this.#publish(runtime, () => true);
        this.#assertComplete(sources);
      }
      for (const name of this.#found.usedPacks()) touchIfPossible(packFilePath(this.#cache, name));
      const files = sources.reduce((sum, { manifest }) => sum + countFilledFiles(manifest), 0);
      const reused = Math.max(0, this.#digester.reusedCount - missingCount);
      return {
        newBytes: this.#newBytes,
        fileCounts: { reflinked: 0, linked: 0, copied: 0, packed: files - reused, reused },
      };
    } catch (error) {
      throw cacheWriteError(this.#cache, error);
    }
  }

  /**
   * Publishes the pack while no clean is running: a later one finds in it what the intents need. Then checks what
   * other processes have done to the packs.
   */
  async #publish(
    { isCancelled }: Runtime,
    isListNeeded: (largeDigest: Uint8Array) => boolean,
  ): Promise<void> {
    const finished = this.#writer.finish(isListNeeded);
    if (finished !== undefined) {
      await withSharedLock(this.#cache, isCancelled, () => {
        publishPack(this.#cache, finished.directory, finished.name);
      });
      this.#ownPacks.add(finished.name);
      this.#newBytes += finished.packBytes;
      this.#found.addPack(finished.name, this.#writer);
    }
    const listed = listPacks(this.#cache);
    this.#found.keepListed(listed);
    const names = listed.filter((name) => !this.#ownPacks.has(name)).join();
    if (names !== this.#found.names) this.#found.replaceHeld(PackContents.load(this.#cache, listed), names);
  }

  #assertComplete(sources: readonly PackedSource[]): void {
    for (const { manifest } of sources) {
      const [file] = this.#found.listMissing(manifest);
      if (file !== undefined) throw fileChanged(manifest, file);
    }
  }

  /** Call it in any case; afterwards, no job writes any more. @throws BtdtError CACHE_WRITE_FAILED */
  async close(): Promise<void> {
    await this.#digester.stop();
    this.#writer.close();
  }
}
