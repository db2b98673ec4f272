import { DEFAULT_COMPRESSION } from "../base/compression.ts";
import { CHUNK_SIZE_BYTES, digestAt, hexOf } from "../base/digest.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { withSharedLock } from "../cache/cache-lock.ts";
import type { Session } from "../cache/session.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { publishPack } from "../packs/contents/pack-directory.ts";
import type { StoredPack } from "../packs/contents/read-pack.ts";
import { describeStoredBlock } from "../packs/contents/verify-blocks.ts";
import { blockChecksum } from "../packs/format/block-codec.ts";
import type { BlockFetch, FetchedBlocks, RemotePart } from "../packs/unpack/remote-packs.ts";
import { PackWriter } from "../packs/write/pack-writer.ts";

/**
 * A pack of the local cache with blocks that are fetched from remote packs. It has no holes, and its index lists only
 * these blocks: what an index lists counts as damaged if it is not there.
 */
export class KeptPack {
  readonly #near: CacheDirectory;
  readonly #session: Session;
  readonly #remotes: ReadonlyMap<string, RemotePack>;
  #writer: PackWriter | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(near: CacheDirectory, session: Session, packs: readonly StoredPack[]) {
    this.#near = near;
    this.#session = session;
    this.#remotes = new Map(packs.map((pack) => [pack.name, new RemotePack(pack)]));
  }

  /** Fetches blocks, and adds each that arrives. A failure to add one is thrown by `finish`: the restore goes on. */
  keep(fetch: BlockFetch, parts: readonly RemotePart[]): BlockFetch {
    return {
      take: async (number) => {
        const taken = await fetch.take(number);
        const part = parts[number];
        if (taken.kind === "fetched" && part !== undefined) this.#addPart(part, taken);
        return taken;
      },
      release: (number) => fetch.release(number),
      close: () => fetch.close(),
    };
  }

  /** Adds the chunk lists of large files. @throws a `node:fs` error */
  addLists(manifest: Manifest, isNeeded: (file: number) => boolean): void {
    for (let file = 0; file < manifest.counts.fileCount; file++) {
      if (at(manifest.fileSizes, file) <= CHUNK_SIZE_BYTES || !isNeeded(file)) continue;
      const digest = digestAt(manifest.fileDigests, file);
      const list = this.#findList(digest);
      if (list !== undefined) this.#openWriter().addLarge({ ...list, digest });
    }
  }

  /** Whether it has all blocks of a part, none of them damaged. */
  holds({ pack, blocks }: RemotePart): boolean {
    const remote = this.#remotes.get(pack);
    return blocks.every(({ offset }) => remote?.kept.has(remote.numberOf(offset) ?? -1) === true);
  }

  get isEmpty(): boolean {
    return this.#writer === undefined;
  }

  /**
   * Publishes it while no clean is running, as a store does: a later one finds in it what the intents need.
   * @returns its size, 0 if it is empty
   * @throws BtdtError; a `node:fs` error, also one of adding a block
   */
  async finish(isCancelled: () => boolean): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure.error;
    const finished = this.#writer?.finish(() => true);
    if (finished === undefined) return 0;
    await withSharedLock(this.#near, isCancelled, () => {
      publishPack(this.#near, finished.directory, finished.name);
    });
    return finished.packBytes;
  }

  close(): void {
    this.#writer?.close();
  }

  #addPart({ pack, blocks }: RemotePart, { bytes }: FetchedBlocks): void {
    const remote = this.#remotes.get(pack);
    if (remote === undefined || this.#failure !== undefined) return;
    try {
      let start = 0;
      for (const { offset, storedBytes, checksum } of blocks) {
        const stored = bytes.subarray(start, start + storedBytes);
        start += storedBytes;
        const number = remote.numberOf(offset);
        // What is damaged may be fetched again.
        if (number === undefined || remote.kept.has(number) || blockChecksum(stored) !== checksum) continue;
        remote.kept.add(number);
        this.#openWriter().addCopy(stored, describeStoredBlock(remote.pack.index, number));
      }
    } catch (error) {
      this.#failure = { error };
    }
  }

  #openWriter(): PackWriter {
    this.#writer ??= new PackWriter(this.#session.temporaryPath(), DEFAULT_COMPRESSION, this.#near.access);
    return this.#writer;
  }

  #findList(
    digest: Uint8Array,
  ): { readonly sizeBytes: number; readonly chunkDigests: Uint8Array } | undefined {
    const name = hexOf(digest);
    for (const { pack, larges } of this.#remotes.values()) {
      const large = larges.get(name);
      if (large === undefined) continue;
      const { index } = pack;
      return { sizeBytes: at(index.largeSizes, large), chunkDigests: index.chunkDigestsOf(large) };
    }
    return undefined;
  }
}

class RemotePack {
  readonly pack: StoredPack;
  /** Numbers of its blocks. */
  readonly kept = new Set<number>();
  /** By digest. */
  readonly larges = new Map<string, number>();
  readonly #numbers = new Map<number, number>();

  constructor(pack: StoredPack) {
    this.pack = pack;
    const { index } = pack;
    for (let number = 0; number < index.counts.blockCount; number++) {
      this.#numbers.set(index.storedBlock(number).offset, number);
    }
    for (let large = 0; large < index.counts.largeCount; large++) {
      this.larges.set(hexOf(index.largeDigestAt(large)), large);
    }
  }

  numberOf(offset: number): number | undefined {
    return this.#numbers.get(offset);
  }
}
