import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { DIGEST_HEX_DIGITS } from "../base/digest.ts";
import { errnoOf } from "../fs/errno.ts";
import { objectNamesInShard } from "./list-objects.ts";

/** Finds objects that should have the same content, but have other attributes. Each shard is listed once. */
export class ObjectSiblings {
  readonly #objects: ByteString;
  readonly #namesOfDigest = new Map<string, string[]>();
  readonly #listed = new Set<string>();

  constructor(objects: ByteString) {
    this.#objects = objects;
  }

  /** The paths of all objects with this digest in their names; none if they cannot be listed. */
  find(digestHex: string): ByteString[] {
    const shard = digestHex.slice(0, 2);
    if (!this.#listed.has(shard)) {
      this.#listed.add(shard);
      this.#list(shard);
    }
    const directory = joinBytes(this.#objects, bytesFromText(shard));
    const names = this.#namesOfDigest.get(digestHex) ?? [];
    return names.map((name) => joinBytes(directory, bytesFromText(name)));
  }

  #list(shard: string): void {
    try {
      for (const name of objectNamesInShard(this.#objects, shard)) {
        const digestHex = name.slice(0, DIGEST_HEX_DIGITS);
        this.#namesOfDigest.set(digestHex, [...(this.#namesOfDigest.get(digestHex) ?? []), name]);
      }
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }
}
