import { type ByteString, display } from "../base/byte-string.ts";
import type { Compression } from "../base/compression.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-directory.ts";
import type { Session } from "../cache/session.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { touchIfPossible } from "../fs/native/set-times.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { listObjectNames } from "../objects/list-objects.ts";
import { hasObject, isWhole } from "../objects/object-attributes.ts";
import { locateObject } from "../objects/object-path.ts";
import { findContent } from "../packs/contents/content-table.ts";
import { PackContents } from "../packs/contents/pack-contents.ts";
import { packFilePath, packNames, publishPack } from "../packs/contents/pack-directory.ts";
import { heldContents } from "../packs/write/held-contents.ts";
import { PackWriter } from "../packs/write/pack-writer.ts";
import type { Runtime } from "../work/runtime.ts";
import type { KeptFiles } from "./request.ts";

/** A tree that was read by way of a packer. */
export interface PackedSource {
  readonly source: ByteString;
  readonly manifest: Manifest;
}

/** The packing of a store: contents are packed while they are read, and checked once the intents protect them. */
export class TreePacker {
  readonly #cache: CacheDirectory;
  readonly #writer: PackWriter;
  #held: PackContents;
  #heldNames: string;
  readonly #usedPacks = new Set<number>();

  private constructor(cache: CacheDirectory, writer: PackWriter, held: PackContents, heldNames: string) {
    this.#cache = cache;
    this.#writer = writer;
    this.#held = held;
    this.#heldNames = heldNames;
  }

  /** @throws BtdtError CACHE_WRITE_FAILED, CACHE_FORMAT_NEWER */
  static open(cache: CacheDirectory, session: Session, compression: Compression): TreePacker {
    try {
      const heldNames = packNames(cache).join();
      const packs = PackContents.load(cache);
      const held = heldContents(packs.table, cache.objects, listObjectNames(cache.objects));
      const writer = PackWriter.create(session.temporaryPath(), compression, held);
      return new TreePacker(cache, writer, packs, heldNames);
    } catch (error) {
      throw cacheWriteError(cache, error);
    }
  }

  /** Packs what is not held yet. */
  get digester(): PackWriter {
    return this.#writer;
  }

  /**
   * To be called when the session's intents protect the contents: makes sure that the cache has all of them, and gives the new
   * pack its name. What was held when the trees were read may be gone by now, and is read again.
   * @throws BtdtError
   */
  async complete(sources: readonly PackedSource[], runtime: Runtime): Promise<KeptFiles> {
    try {
      const names = packNames(this.#cache).join();
      if (names !== this.#heldNames) this.#held = PackContents.load(this.#cache);
      this.#heldNames = names;
      const missing = sources.map(({ manifest }) => this.#missingFiles(manifest));
      this.#touchUsedPacks();
      const reused = Math.max(0, this.#writer.reusedCount - missing.flat().length);
      for (const [index, { source, manifest }] of sources.entries()) {
        if (missing[index]?.length === 0) continue;
        // Reading the source before this one again may have brought some of it.
        await this.#readAgain(source, manifest, this.#missingFiles(manifest), runtime);
        if (runtime.isCancelled()) throw cancelled();
        const [first] = this.#missingFiles(manifest);
        if (first !== undefined) throw changed(manifest, first);
      }
      const finished = this.#writer.finish(
        (digestHex) => this.#held.chunksOf(Buffer.from(digestHex, "hex")) === undefined,
      );
      if (finished !== undefined) publishPack(this.#cache, finished.directory, finished.name);
      const files = sources.reduce((sum, { manifest }) => sum + filledFileCount(manifest), 0);
      return {
        newBytes: finished?.packBytes ?? 0,
        fileCounts: { reflinked: 0, linked: 0, copied: 0, packed: files - reused, reused },
      };
    } catch (error) {
      throw cacheWriteError(this.#cache, error);
    }
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  #missingFiles(manifest: Manifest): number[] {
    const packed = this.#writer.contents();
    const held = this.#held;
    const isThere = (digests: Uint8Array, offset: number): boolean => {
      if (findContent(packed, digests, offset) >= 0) return true;
      const content = findContent(held.table, digests, offset);
      if (content >= 0) this.#usedPacks.add(held.placeOf(content).pack);
      return content >= 0;
    };
    const missing: number[] = [];
    for (let file = 0; file < manifest.counts.fileCount; file++) {
      if (!hasObject(manifest, file)) continue;
      const offset = file * DIGEST_SIZE_BYTES;
      if (at(manifest.fileSizes, file) <= CHUNK_SIZE_BYTES) {
        if (isThere(manifest.fileDigests, offset)) continue;
      } else {
        const chunks =
          this.#writer.chunksOf(manifest.digestHex(file)) ??
          held.chunksOf(manifest.fileDigests.subarray(offset, offset + DIGEST_SIZE_BYTES));
        if (chunks !== undefined && allThere(chunks, isThere)) continue;
      }
      if (!this.#hasSoundObject(manifest, file)) missing.push(file);
    }
    return missing;
  }

  /** Where a file system has no locks, a clean leaves alone what was used not long ago. */
  #touchUsedPacks(): void {
    for (const pack of this.#usedPacks) {
      const name = this.#held.packs[pack]?.name;
      if (name !== undefined) touchIfPossible(packFilePath(this.#cache, name));
    }
  }

  #hasSoundObject(manifest: Manifest, file: number): boolean {
    object.set(locateObject(this.#cache.objects, manifest, file));
    return lstatBuffer(object, status) && isWhole(status, manifest, file);
  }

  async #readAgain(
    source: ByteString,
    manifest: Manifest,
    files: readonly number[],
    runtime: Runtime,
  ): Promise<void> {
    this.#writer.distrustHeld();
    const { inline, pool } = runtime.runners;
    for (let start = 0, end = 0; start < files.length; start = end) {
      const paths = files
        .slice(start, start + this.#writer.batchFiles)
        .map((file) => manifest.filePath(file));
      const groups = paths.map((path) => {
        const slash = path.lastIndexOf("/");
        const directory = path.slice(0, Math.max(0, slash)) as ByteString;
        return { directory, names: [path.slice(slash + 1) as ByteString] };
      });
      const read = await this.#writer.digestBatch(inline, { root: source, groups });
      if (read.sizes.length === 0) throw cancelled();
      end = start + read.sizes.length;
      for (const position of read.large) {
        const path = paths[position] ?? "";
        await this.#writer.digestLargeFile(pool, {
          path: (path === "" ? source : `${source}/${path}`) as ByteString,
          sizeBytes: read.sizes[position] ?? 0,
          mtimeSeconds: read.mtimeSeconds[position] ?? 0,
          mtimeNanoseconds: read.mtimeNanoseconds[position] ?? 0,
          mode: read.modes[position] ?? 0,
        });
      }
    }
  }
}

const object = new PathBuffer();
const status = emptyStatus();

function allThere(chunks: Uint8Array, isThere: (digests: Uint8Array, offset: number) => boolean): boolean {
  for (let offset = 0; offset < chunks.length; offset += DIGEST_SIZE_BYTES) {
    if (!isThere(chunks, offset)) return false;
  }
  return true;
}

/** Empty files have no content. */
function filledFileCount(manifest: Manifest): number {
  return manifest.fileSizes.reduce((sum, sizeBytes) => sum + (sizeBytes > 0 ? 1 : 0), 0);
}

function cancelled(): BtdtError {
  return new BtdtError("CANCELLED", "stopped before anything was stored");
}

function changed(manifest: Manifest, file: number): BtdtError {
  const path = display(manifest.filePath(file)) || "the file";
  return new BtdtError("SOURCE_CHANGED", `${path} changed while it was stored`, {
    path,
    hint: "wait until nothing is writing to the directory, or skip the file with --exclude",
  });
}
