import type { CacheDirectory } from "../cache/cache-directory.ts";
import { lookUpObject } from "../objects/list-objects.ts";
import type { Items } from "./items.ts";

/** Looks up by name what a listing lacks, each name once. */
export class UnlistedObjects {
  readonly #cache: CacheDirectory;
  readonly #items: Items;
  /** Names that were not found. */
  readonly #absent = new Set<string>();

  constructor(cache: CacheDirectory, items: Items) {
    this.#cache = cache;
    this.#items = items;
  }

  /** The item of an object that was in no listing. @throws a `node:fs` error */
  find(name: string): number | undefined {
    if (this.#absent.has(name)) return undefined;
    const object = lookUpObject(this.#cache.objects, name);
    if (object !== undefined) return this.#items.addFile({ kind: "object", ...object });
    this.#absent.add(name);
    return undefined;
  }

  /** What was not there may have been made since. */
  lookAgain(): void {
    this.#absent.clear();
  }
}
