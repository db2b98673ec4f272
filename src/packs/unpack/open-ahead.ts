import { closeSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import { readAhead } from "../../fs/native/read-ahead.ts";
import { openPack } from "../contents/open-pack.ts";
import type { PackContents } from "../contents/pack-contents.ts";
import { packFilePath } from "../contents/pack-directory.ts";
import type { UnpackPart } from "./unpack-plan.ts";

/** Well below the number of files that any process may open, and more packs than a cleaned cache has. */
const MOST_OPEN = 64;
/** Closed again if descriptors run out, because jobs need some. */
const SPARE_DESCRIPTORS = 16;

/** How a job accesses a pack that is a file. */
export interface PackAccess {
  readonly kind: "file";
  readonly path: ByteString;
  readonly nonce: Uint8Array;
  /** Open for reading, or undefined if the job must open it. */
  readonly descriptor: number | undefined;
}

/**
 * Opens packs that are about to be read, as many as reasonable, so that a clean may delete them in the meantime. What
 * cannot be opened is left to the jobs, which report why.
 */
export class PacksOpenAhead {
  readonly #descriptors = new Map<number, number>();
  readonly #cache: CacheDirectory;
  readonly #contents: PackContents;

  constructor(cache: CacheDirectory, contents: PackContents, packs: Iterable<number>) {
    this.#cache = cache;
    this.#contents = contents;
    for (const pack of packs) {
      if (this.#descriptors.size >= MOST_OPEN || !this.#open(pack)) break;
    }
  }

  /** Returns false if no more can be opened. */
  #open(pack: number): boolean {
    if (this.#contents.packs[pack]?.isRemote === true) return true;
    const { path, nonce } = this.access(pack);
    const opened = openPack(path, nonce);
    if (opened.kind === "open") this.#descriptors.set(pack, opened.descriptor);
    if (opened.kind !== "unreadable" || (opened.errno !== "EMFILE" && opened.errno !== "ENFILE")) return true;
    for (const [each, descriptor] of [...this.#descriptors].slice(-SPARE_DESCRIPTORS)) {
      closeSync(descriptor);
      this.#descriptors.delete(each);
    }
    return false;
  }

  access(pack: number): PackAccess {
    const stored = this.#contents.packs[pack];
    if (stored === undefined) throw new RangeError(`there is no pack ${pack}`);
    return {
      kind: "file",
      path: packFilePath(this.#cache, stored.name),
      nonce: stored.index.nonce.slice(),
      descriptor: this.#descriptors.get(pack),
    };
  }

  /** Has the kernel read the blocks of a part before its job begins. */
  readAhead({ pack, blocks }: UnpackPart): void {
    const descriptor = this.#descriptors.get(pack);
    if (descriptor === undefined) return;
    for (const { offset, storedBytes } of blocks) readAhead(descriptor, offset, storedBytes);
  }

  close(): void {
    for (const descriptor of this.#descriptors.values()) closeSync(descriptor);
    this.#descriptors.clear();
  }
}
