import { display } from "../base/byte-string.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, digestOfChunks } from "../base/digest.ts";
import { BtdtError, isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf } from "../fs/errno.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { examineEitherObject } from "../objects/examine-either-object.ts";
import type { BlockReader } from "../packs/unpack/block-reader.ts";
import { isPacked } from "../packs/unpack/content-sources.ts";
import { readObject } from "./read-object.ts";

/** Files of one directory tend to be in few blocks. */
const MOST_BLOCKS = 4;

/** How often to look for a content that is neither an object nor in a pack: a clean may be moving it. */
const MOST_ATTEMPTS = 3;

/** Reads the contents of an entry's files in order, from objects or packs, and checks them. The caller closes it. */
export class ContentSource {
  readonly #cache: CacheDirectory;
  readonly #manifest: Manifest;
  readonly #openPacks: () => BlockReader | undefined;
  #packs: BlockReader | undefined;
  /** By `pack/block`, most recently used last. */
  readonly #blocks = new Map<string, Uint8Array>();
  readonly #path = new PathBuffer();

  /** @param openPacks finds out what comes from packs; undefined if nothing does */
  constructor(cache: CacheDirectory, manifest: Manifest, openPacks: () => BlockReader | undefined) {
    this.#cache = cache;
    this.#manifest = manifest;
    this.#openPacks = openPacks;
    this.#packs = openPacks();
  }

  close(): void {
    this.#packs?.close();
    this.#packs = undefined;
  }

  /**
   * The content of a file in pieces, each valid until the next is requested. A small file is checked before it is
   * returned; damage in a large file is only detected at its end.
   * @throws BtdtError ENTRY_MISSING if the content is damaged or missing, CACHE_NOT_ACCESSIBLE if it cannot be read
   */
  async *read(file: number): AsyncGenerator<Uint8Array, void> {
    const sizeBytes = at(this.#manifest.fileSizes, file);
    if (sizeBytes === 0) return;
    const start = file * DIGEST_SIZE_BYTES;
    const wanted = this.#manifest.fileDigests.subarray(start, start + DIGEST_SIZE_BYTES);
    const digests: Uint8Array[] = [];
    let doneBytes = 0;
    for (const chunk of this.#chunks(file, sizeBytes)) {
      const digest = new Uint8Array(new Bun.SHA256().update(chunk).digest().buffer);
      digests.push(digest);
      doneBytes += chunk.length;
      if (sizeBytes <= CHUNK_SIZE_BYTES && Buffer.compare(digest, wanted) !== 0) throw this.#damaged(file);
      yield chunk;
    }
    const isWhole =
      doneBytes === sizeBytes &&
      (sizeBytes <= CHUNK_SIZE_BYTES ||
        Buffer.compare(digestOfChunks(sizeBytes, Buffer.concat(digests)), wanted) === 0);
    if (!isWhole) throw this.#damaged(file);
  }

  *#chunks(file: number, sizeBytes: number): Generator<Uint8Array, void> {
    for (let attempt = 1; ; attempt++) {
      let isStarted = false;
      try {
        for (const chunk of this.#locate(file, sizeBytes)) {
          isStarted = true;
          yield chunk;
        }
        return;
      } catch (error) {
        const explained = this.#explain(file, error);
        const mayHaveMoved = isBtdtError(explained, "ENTRY_MISSING") && !isStarted;
        if (!mayHaveMoved || attempt === MOST_ATTEMPTS) throw explained;
        this.close();
        this.#blocks.clear();
        this.#packs = this.#openPacks();
      }
    }
  }

  #locate(file: number, sizeBytes: number): Iterable<Uint8Array> {
    if (this.#packs !== undefined && isPacked(this.#packs.packed.sources, file))
      return this.#packedChunks(file, this.#packs);
    // If there is none that is whole, reading says why.
    examineEitherObject(this.#path, this.#cache.objects, this.#manifest, file);
    return readObject(this.#path, sizeBytes);
  }

  #explain(file: number, error: unknown): unknown {
    const errno = errnoOf(error);
    if (errno === undefined) return error;
    return errno === "ENOENT" || errno === "ELOOP" ? this.#damaged(file) : this.#unreadable(file, errno);
  }

  *#packedChunks(file: number, packs: BlockReader): Generator<Uint8Array, void> {
    const { contents } = packs.packed;
    const { fileDigests, fileSizes } = this.#manifest;
    const found = contents.findFile(fileDigests, file * DIGEST_SIZE_BYTES, at(fileSizes, file));
    if (found === undefined) throw this.#damaged(file);
    for (const content of found) {
      const { pack, block, offset, sizeBytes } = contents.placeOf(content);
      yield this.#block(file, packs, pack, block).subarray(offset, offset + sizeBytes);
    }
  }

  #block(file: number, packs: BlockReader, pack: number, block: number): Uint8Array {
    const name = `${pack}/${block}`;
    const known = this.#blocks.get(name);
    this.#blocks.delete(name);
    const bytes = known ?? this.#readBlock(file, packs, pack, block);
    this.#blocks.set(name, bytes);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > MOST_BLOCKS && oldest !== undefined) this.#blocks.delete(oldest);
    return bytes;
  }

  #readBlock(file: number, packs: BlockReader, pack: number, block: number): Uint8Array {
    const read = packs.read(pack, block);
    switch (read.kind) {
      case "whole":
        return read.content.slice();
      case "unreadable":
        throw this.#unreadable(file, read.errno);
      case "damaged":
      case "gone":
        throw this.#damaged(file);
    }
  }

  #damaged(file: number): BtdtError {
    const path = display(this.#manifest.filePath(file)) || "the file";
    return new BtdtError(
      "ENTRY_MISSING",
      `the content of ${path} is damaged or missing; the archive is incomplete`,
      { path, hint: "store the entry again" },
    );
  }

  /** Which says nothing about the content. */
  #unreadable(file: number, errno: string): BtdtError {
    const path = display(this.#manifest.filePath(file)) || "the file";
    return new BtdtError(
      "CACHE_NOT_ACCESSIBLE",
      `cannot read the content of ${path} from the cache: ${errno}; the archive is incomplete`,
      { path },
    );
  }
}
