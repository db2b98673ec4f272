import type { ByteString } from "../base/byte-string.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, digestAt } from "../base/digest.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { examineEitherObject } from "../objects/examine-either-object.ts";
import { hasObject } from "../objects/object-attributes.ts";
import { type ContentTable, findContent, NOT_FOUND } from "../packs/contents/content-table.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";

/** The contents of a pack that was just written. */
interface NewPack {
  contents(): ContentTable;
  chunkDigestsOf(largeDigest: Uint8Array): Uint8Array | undefined;
}

const object = new PathBuffer();

/** Knows which contents the cache has: in existing packs, in packs that the store has added, or as objects. */
export class ContentFinder {
  readonly #objects: ByteString;
  #newPacks: { readonly name: string; readonly pack: NewPack; readonly table: ContentTable }[] = [];
  #held: PackContents;
  #names: string;
  readonly #usedPacks = new Set<string>();

  /** @param names the names of the packs in `held`, as one text */
  constructor(objects: ByteString, held: PackContents, names: string) {
    this.#objects = objects;
    this.#held = held;
    this.#names = names;
  }

  /** Of the packs in `held`, when they were last read. */
  get names(): string {
    return this.#names;
  }

  replaceHeld(held: PackContents, names: string): void {
    this.#held = held;
    this.#names = names;
  }

  addPack(name: string, pack: NewPack): void {
    this.#newPacks.push({ name, pack, table: pack.contents() });
  }

  /** Forgets new packs that a clean has replaced, which may have dropped some contents. @param names all packs */
  keepListed(names: readonly string[]): void {
    this.#newPacks = this.#newPacks.filter(({ name }) => names.includes(name));
  }

  /** Packs, other than the store's own, that have some of what was looked for. */
  usedPacks(): ReadonlySet<string> {
    return this.#usedPacks;
  }

  hasChunkList(largeDigest: Uint8Array): boolean {
    return this.#held.largePlaceOf(largeDigest) !== undefined;
  }

  /** The files of a manifest with contents that are nowhere. */
  listMissing(manifest: Manifest): number[] {
    const missing: number[] = [];
    for (let file = 0; file < manifest.counts.fileCount; file++) {
      if (!hasObject(manifest, file)) continue;
      const isHeld =
        this.#isPacked(manifest, file) ||
        examineEitherObject(object, this.#objects, manifest, file) === "whole";
      if (!isHeld) missing.push(file);
    }
    return missing;
  }

  #isPacked(manifest: Manifest, file: number): boolean {
    const { fileDigests } = manifest;
    if (at(manifest.fileSizes, file) <= CHUNK_SIZE_BYTES) {
      return this.#hasContent(fileDigests, file * DIGEST_SIZE_BYTES);
    }
    const chunks = this.#chunkDigestsOf(digestAt(fileDigests, file));
    if (chunks === undefined) return false;
    for (let offset = 0; offset < chunks.length; offset += DIGEST_SIZE_BYTES) {
      if (!this.#hasContent(chunks, offset)) return false;
    }
    return true;
  }

  #hasContent(digests: Uint8Array, offset: number): boolean {
    for (const { table } of this.#newPacks)
      if (findContent(table, digests, offset) !== NOT_FOUND) return true;
    const content = findContent(this.#held.table, digests, offset);
    if (content === NOT_FOUND) return false;
    const pack = this.#held.packs[this.#held.placeOf(content).pack];
    if (pack !== undefined) this.#usedPacks.add(pack.name);
    return true;
  }

  #chunkDigestsOf(largeDigest: Uint8Array): Uint8Array | undefined {
    for (const { pack } of this.#newPacks) {
      const digests = pack.chunkDigestsOf(largeDigest);
      if (digests !== undefined) return digests;
    }
    return this.#held.chunkDigestsOf(largeDigest);
  }
}
