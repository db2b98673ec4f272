import { closeSync } from "node:fs";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { openPack } from "../contents/open-pack.ts";
import { type BlockRead, readBlock } from "../contents/read-block.ts";
import type { PackedFiles } from "./find-packed-files.ts";
import { PacksOpenAhead } from "./open-ahead.ts";
import { planUnpack } from "./unpack-plan.ts";

/** Reads single blocks of the packs that an entry needs, in any order; the caller closes it. */
export class BlockReader {
  readonly packed: PackedFiles;
  readonly #ahead: PacksOpenAhead;

  constructor(cache: CacheDirectory, manifest: Manifest, packed: PackedFiles) {
    const { contents, parts } = planUnpack(manifest, packed, undefined);
    this.packed = packed;
    this.#ahead = new PacksOpenAhead(cache, contents, new Set(parts.map(({ pack }) => pack)));
  }

  /** The content is valid until the next block is read. */
  read(pack: number, block: number): BlockRead | { readonly kind: "gone" } {
    const index = this.packed.contents.packs[pack]?.index;
    if (index === undefined) return { kind: "gone" };
    const { path, nonce, descriptor } = this.#ahead.access(pack);
    if (descriptor !== undefined) return readBlock(descriptor, index.storedBlock(block));
    const opened = openPack(path, nonce);
    if (opened.kind !== "open") return opened;
    try {
      return readBlock(opened.descriptor, index.storedBlock(block));
    } finally {
      closeSync(opened.descriptor);
    }
  }

  close(): void {
    this.#ahead.close();
  }
}
