import { closeSync, constants, openSync, readSync } from "node:fs";
import { display, fsPath } from "../base/byte-string.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, digestOfChunks } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf } from "../fs/errno.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { locateObject } from "../objects/object-path.ts";
import type { BlockReader } from "../packs/unpack/block-reader.ts";
import { isPacked } from "../packs/unpack/content-sources.ts";

/** Files of one directory tend to lie in few blocks. */
const MOST_BLOCKS = 4;

/** Reads an entry's contents one after the other, from objects or packs; every byte was checked when it is given out, but for large objects. */
export class ContentReader {
  readonly #cache: CacheDirectory;
  readonly #manifest: Manifest;
  readonly #packs: BlockReader | undefined;
  /** By `pack/block`, the one used last at the end. */
  readonly #blocks = new Map<string, Uint8Array>();
  readonly #buffer = new Uint8Array(CHUNK_SIZE_BYTES);
  readonly #path = new PathBuffer();

  constructor(cache: CacheDirectory, manifest: Manifest, packs: BlockReader | undefined) {
    this.#cache = cache;
    this.#manifest = manifest;
    this.#packs = packs;
  }

  /**
   * The content of a file in pieces, each valid until the next is asked for. A large file turns out to be wrong only at its end.
   * @throws BtdtError ENTRY_MISSING when the content is damaged or gone
   */
  async *read(file: number): AsyncGenerator<Uint8Array, void> {
    const sizeBytes = at(this.#manifest.fileSizes, file);
    if (sizeBytes === 0) return;
    const isFromPack = this.#packs !== undefined && isPacked(this.#packs.packed.sources, file);
    const chunks = isFromPack ? this.#packedChunks(file) : this.#objectChunks(file, sizeBytes);
    const start = file * DIGEST_SIZE_BYTES;
    const wanted = this.#manifest.fileDigests.subarray(start, start + DIGEST_SIZE_BYTES);
    const digests: Uint8Array[] = [];
    let doneBytes = 0;
    for (const chunk of chunks) {
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

  *#objectChunks(file: number, sizeBytes: number): Generator<Uint8Array, void> {
    this.#path.set(locateObject(this.#cache.objects, this.#manifest, file));
    let descriptor: number;
    try {
      descriptor = openSync(fsPath(this.#path.toBytes()), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      throw this.#damaged(file);
    }
    try {
      for (let start = 0; start < sizeBytes; start += CHUNK_SIZE_BYTES) {
        const chunk = this.#buffer.subarray(0, Math.min(CHUNK_SIZE_BYTES, sizeBytes - start));
        for (let done = 0; done < chunk.length; ) {
          const count = readSync(descriptor, chunk, done, chunk.length - done, start + done);
          if (count === 0) throw this.#damaged(file);
          done += count;
        }
        yield chunk;
      }
    } finally {
      closeSync(descriptor);
    }
  }

  *#packedChunks(file: number): Generator<Uint8Array, void> {
    const contents = this.#packs?.packed.contents;
    const found = contents?.findFile(
      this.#manifest.fileDigests,
      file * DIGEST_SIZE_BYTES,
      at(this.#manifest.fileSizes, file),
    );
    if (contents === undefined || found === undefined) throw this.#damaged(file);
    for (const content of found) {
      const { pack, block, offset, sizeBytes } = contents.placeOf(content);
      const bytes = this.#block(pack, block) ?? new Uint8Array(0);
      yield bytes.subarray(offset, offset + sizeBytes);
    }
  }

  /** Undefined when it is damaged, gone or cannot be read. */
  #block(pack: number, block: number): Uint8Array | undefined {
    const name = `${pack}/${block}`;
    const known = this.#blocks.get(name);
    this.#blocks.delete(name);
    const bytes = known ?? this.#readBlock(pack, block);
    if (bytes === undefined) return undefined;
    this.#blocks.set(name, bytes);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > MOST_BLOCKS && oldest !== undefined) this.#blocks.delete(oldest);
    return bytes;
  }

  #readBlock(pack: number, block: number): Uint8Array | undefined {
    const read = this.#packs?.read(pack, block);
    return read?.kind === "whole" ? read.content.slice() : undefined;
  }

  #damaged(file: number): BtdtError {
    const path = display(this.#manifest.filePath(file)) || "the file";
    return new BtdtError(
      "ENTRY_MISSING",
      `the content of ${path} is damaged or missing; the archive is not whole`,
      {
        path,
        hint: "store the entry again",
      },
    );
  }
}
