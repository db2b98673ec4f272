import type { Compression } from "../base/compression.ts";
import type { ObjectStore, ObjectUpload } from "../bucket/object-store.ts";
import { encodePackHeader, encodePackIndex } from "../packs/format/index-codec.ts";
import { NONCE_BYTES, PACK_HEADER_BYTES } from "../packs/format/index-layout.ts";
import type { PackedBlock, PackTarget } from "../packs/write/block-writer.ts";
import type { LargeContent } from "../packs/write/build-index.ts";
import { PackDraft, type PackSink } from "../packs/write/pack-draft.ts";
import { choosePackId, packName } from "./bucket-layout.ts";
import type { RecordedPack } from "./bucket-record.ts";

/** What is compressed and not uploaded yet, including what is being compressed. */
const WINDOW_BYTES = 128 * 1024 * 1024;

/** A manifest that is stored with a pack. */
export interface ManifestFile {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/**
 * A pack that is uploaded while it is written: threads return blocks, which are sent in the order in which they arrive.
 * If the upload is slower than they are, they wait.
 */
export class PackUpload implements PackSink {
  readonly target: PackTarget;
  readonly #store: ObjectStore;
  readonly #id = choosePackId();
  readonly #nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  readonly #draft = new PackDraft();
  #upload: ObjectUpload | undefined;
  #endBytes = PACK_HEADER_BYTES;
  #sending: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #waitingBytes = 0;
  #waiters: (() => void)[] = [];

  constructor(store: ObjectStore, compression: Compression) {
    this.#store = store;
    this.target = { compression, file: undefined };
  }

  get draft(): PackDraft {
    return this.#draft;
  }

  /** @throws BtdtError: the upload has failed */
  async reserve(contentBytes: number): Promise<void> {
    while (
      this.#failure === undefined &&
      this.#waitingBytes > 0 &&
      this.#waitingBytes + contentBytes > WINDOW_BYTES
    ) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    this.#assertSound();
    this.#waitingBytes += contentBytes;
  }

  release(contentBytes: number): void {
    this.#waitingBytes -= contentBytes;
    for (const wake of this.#waiters.splice(0)) wake();
  }

  addBlocks(blocks: readonly PackedBlock[]): void {
    for (const { bytes, ...block } of blocks) {
      if (bytes === undefined) throw new TypeError("the block of an upload is in memory");
      this.#draft.addBlocks([{ ...block, offset: this.#endBytes }]);
      this.#endBytes += block.storedBytes;
      this.#send(bytes);
    }
  }

  addLarge(large: LargeContent): void {
    this.#draft.addLarge(large);
  }

  chunkDigestsOf(largeDigest: Uint8Array): Uint8Array | undefined {
    return this.#draft.chunkDigestsOf(largeDigest);
  }

  /**
   * Appends the index and the manifests; then the object exists.
   * @throws BtdtError SOURCE_UNSUPPORTED, and those of `ObjectStore`
   */
  async finish(manifests: readonly ManifestFile[]): Promise<RecordedPack> {
    const parts: { readonly digest: string; readonly offset: number; readonly sizeBytes: number }[] = [];
    const index = encodePackIndex(this.#draft.buildIndex(this.#nonce));
    const digest = new Bun.SHA256().update(index).digest("hex");
    for (const file of [{ digest, bytes: index }, ...manifests]) {
      parts.push({ digest: file.digest, offset: this.#endBytes, sizeBytes: file.bytes.length });
      this.#endBytes += file.bytes.length;
      this.#send(file.bytes);
    }
    await this.#sending;
    this.#assertSound();
    await this.#upload?.finish();
    this.#upload = undefined;
    const [indexPart, ...manifestParts] = parts;
    const sizeBytes = this.#endBytes;
    if (indexPart === undefined || this.#draft.isEmpty)
      return { id: this.#id, sizeBytes, manifests: manifestParts };
    return { id: this.#id, sizeBytes, index: indexPart, manifests: manifestParts };
  }

  /** Abandons it, unless it is finished. Call it in any case, when no job adds blocks any more. */
  async close(): Promise<void> {
    this.#failure ??= { error: new Error("the upload was abandoned") };
    await this.#sending;
    const upload = this.#upload;
    this.#upload = undefined;
    await upload?.abort();
  }

  #send(bytes: Uint8Array): void {
    if (this.#upload === undefined) {
      this.#upload = this.#store.upload(packName(this.#id));
      this.#enqueue(this.#upload, encodePackHeader(this.#nonce));
    }
    this.#enqueue(this.#upload, bytes);
  }

  #enqueue(upload: ObjectUpload, bytes: Uint8Array): void {
    this.#waitingBytes += bytes.length;
    this.#sending = this.#sending.then(async () => {
      try {
        if (this.#failure === undefined) await upload.write(bytes);
      } catch (error) {
        this.#failure ??= { error };
      } finally {
        this.release(bytes.length);
      }
    });
  }

  #assertSound(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
