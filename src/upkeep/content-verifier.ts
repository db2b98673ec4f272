import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Inventory } from "../inventory/inventory.ts";
import type { StoredObject } from "../objects/list-objects.ts";
import type { Runtime } from "../work/runtime.ts";
import { blockKey, type ContentState } from "./content-state.ts";
import { verifyObjects } from "./verify-objects.ts";
import { selectBlocks, verifyBlocks } from "./verify-packs.ts";

/** Reads contents on all threads, and remembers the results so that none is read twice. */
export class ContentVerifier {
  readonly #cache: CacheDirectory;
  readonly #runtime: Runtime;
  readonly #objects = new Map<string, ContentState>();
  readonly #blocks = new Map<string, ContentState>();
  #contentBytes = 0;

  constructor(cache: CacheDirectory, runtime: Runtime) {
    this.#cache = cache;
    this.#runtime = runtime;
  }

  get objectCount(): number {
    return this.#objects.size;
  }

  get blockCount(): number {
    return this.#blocks.size;
  }

  /** How much was read, uncompressed. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** Undefined if it was not read. */
  objectState(name: string): ContentState | undefined {
    return this.#objects.get(name);
  }

  blockState(packName: string, block: number): ContentState | undefined {
    return this.#blocks.get(blockKey(packName, block));
  }

  /** Whether all that was read is what it should be. */
  get isAllSound(): boolean {
    const states = [...this.#objects.values(), ...this.#blocks.values()];
    return states.every((state) => state === "sound");
  }

  damagedObjects(): string[] {
    return [...this.#objects].filter(([, state]) => state === "damaged").map(([name]) => name);
  }

  /**
   * Reads what was not read before. Objects that do not match their names are skipped: nobody uses them, whatever
   * they contain.
   * @param isWanted called with the item of an object or a content
   * @throws BtdtError CANCELLED
   */
  async verify(stock: Inventory, isWanted: (item: number) => boolean): Promise<void> {
    const { progress, runners } = this.#runtime;
    const objects: StoredObject[] = [];
    let bytes = 0;
    for (const [item, file] of stock.items.files()) {
      if (file.kind !== "object" || !file.isAsNamed || this.#objects.has(file.name) || !isWanted(item))
        continue;
      objects.push(file);
      bytes += file.sizeBytes;
    }
    const blocks = selectBlocks(
      this.#cache,
      stock.packs,
      (content) => isWanted(stock.items.itemOfContent(content)),
      (key) => this.#blocks.has(key),
    );
    for (const input of blocks) for (const { block } of input.blocks) bytes += block.contentBytes;
    progress.begin({ name: "verifying", unit: "bytes", bytes });
    for (const [name, state] of await verifyObjects(this.#cache, objects, runners.pool)) {
      this.#objects.set(name, state);
    }
    for (const [key, state] of await verifyBlocks(blocks, runners.pool)) this.#blocks.set(key, state);
    this.#contentBytes += bytes;
  }

  /** Forgets what was missing, so that it is looked up again; returns false if nothing was missing. */
  forgetGone(): boolean {
    let hasForgotten = false;
    for (const states of [this.#objects, this.#blocks]) {
      for (const [name, state] of states) {
        if (state !== "gone") continue;
        states.delete(name);
        hasForgotten = true;
      }
    }
    return hasForgotten;
  }

  /** An object was set aside or replaced. */
  forgetObject(name: string): void {
    this.#objects.delete(name);
  }
}
