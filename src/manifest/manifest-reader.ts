import { isBtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { decodeManifest, manifestDigestOf } from "./codec.ts";
import { type BaseManifest, baseDigestOf, decodeDelta, readBaseManifest } from "./delta-codec.ts";
import type { Manifest } from "./manifest.ts";

export type ReadManifest =
  | {
      readonly kind: "read";
      readonly manifest: Manifest;
      /** The digest of the manifest that must stay in the cache for this one to be readable. */
      readonly base: string | undefined;
    }
  | { readonly kind: "missing" }
  /** Its bytes, or those of its base, are wrong. `reason` is a sentence for the user. */
  | { readonly kind: "damaged"; readonly reason: string }
  /** Its bytes could not be read this time, which says nothing about them. */
  | { readonly kind: "unreadable"; readonly reason: string };

/** Larger ones are not kept for a comparison with the next. */
const MOST_REMEMBERED_BYTES = 32 * 1024 * 1024;

export function isWorthRemembering({ payload }: Manifest): boolean {
  return payload.length <= MOST_REMEMBERED_BYTES;
}

/** Reads a cache's manifests with distrust, deltas together with their bases. */
export class ManifestReader {
  readonly #readFile: (digest: string) => Uint8Array | undefined;
  readonly #isPrivate: boolean;
  /** Consecutive entries often have the same base. */
  #lastBase: BaseManifest | undefined;
  /** Consecutive entries are often much alike. */
  #last: Manifest | undefined;

  /**
   * @param readFile returns undefined if the cache has no such manifest; may throw a `node:fs` error
   * @param isPrivate see `Reading`
   */
  constructor(readFile: (digest: string) => Uint8Array | undefined, isPrivate = false) {
    this.#readFile = readFile;
    this.#isPrivate = isPrivate;
  }

  /** @throws BtdtError CACHE_FORMAT_NEWER */
  read(digest: string): ReadManifest {
    return this.#attempt(() => {
      const file = this.#readFile(digest);
      if (file === undefined) return { kind: "missing" };
      if (manifestDigestOf(file) !== digest)
        return { kind: "damaged", reason: "its manifest has been altered" };
      return this.#decode(file, digest);
    });
  }

  /** The same for a file whose digest is known to be right. @throws BtdtError CACHE_FORMAT_NEWER */
  decode(file: Uint8Array, digest: string): ReadManifest {
    return this.#attempt(() => this.#decode(file, digest));
  }

  #attempt(read: () => ReadManifest): ReadManifest {
    try {
      return read();
    } catch (error) {
      if (isBtdtError(error, "MANIFEST_DAMAGED")) return { kind: "damaged", reason: error.message };
      if (errnoOf(error) === undefined) throw error;
      if (errnoOf(error) === "EFTYPE")
        return { kind: "damaged", reason: "its manifest is not a regular file" };
      return { kind: "unreadable", reason: `its manifest cannot be read: ${reasonOf(error)}` };
    }
  }

  #decode(file: Uint8Array, digest: string): ReadManifest {
    const baseDigest = baseDigestOf(file);
    const reading = { sound: this.#last, isPrivate: this.#isPrivate };
    if (baseDigest === undefined) {
      return {
        kind: "read",
        manifest: this.#remember(decodeManifest(file, digest, reading)),
        base: undefined,
      };
    }
    const base = this.#readBase(baseDigest);
    return typeof base === "string"
      ? { kind: "damaged", reason: base }
      : {
          kind: "read",
          manifest: this.#remember(decodeDelta(file, digest, base, reading)),
          base: baseDigest,
        };
  }

  #remember(manifest: Manifest): Manifest {
    this.#last = isWorthRemembering(manifest) ? manifest : undefined;
    return manifest;
  }

  #readBase(digest: string): BaseManifest | string {
    if (this.#lastBase?.digest === digest) return this.#lastBase;
    const file = this.#readFile(digest);
    if (file === undefined) return "its base manifest is missing";
    if (manifestDigestOf(file) !== digest) return "its base manifest has been altered";
    this.#lastBase = readBaseManifest(file, digest);
    return this.#lastBase;
  }
}
