import { readdirSync } from "node:fs";
import { join } from "node:path";
import { btdt, type Finished } from "./executable.ts";
import type { Scratch } from "./scratch.ts";

/** The cache directory of a test, with shorthands for what every test does with it. */
export class TestCache {
  readonly #scratch: Scratch;
  readonly #options: readonly string[];

  /** @param options for every store and restore, before those of the single one */
  constructor(scratch: Scratch, ...options: string[]) {
    this.#scratch = scratch;
    this.#options = options;
  }

  get path(): string {
    return this.#scratch.path("cache");
  }

  /** Below btdt's own directory. */
  below(...parts: string[]): string {
    return join(this.path, "btdt-v1", ...parts);
  }

  storeWords(key: string, source: string, ...options: string[]): string[] {
    this.#scratch.directory("cache");
    return ["store", "-c", this.path, "-k", key, ...this.#options, ...options, this.#scratch.path(source)];
  }

  restoreWords(keys: string, destination: string, ...options: string[]): string[] {
    const words = [...this.#options, ...options, this.#scratch.path(destination)];
    return ["restore", "-c", this.path, "-k", keys, ...words];
  }

  /** Must succeed. */
  store(key: string, source: string, ...options: string[]): Finished {
    const finished = btdt(this.storeWords(key, source, ...options));
    if (finished.exitCode !== 0) throw new Error(`store ended with ${finished.exitCode}: ${finished.stderr}`);
    return finished;
  }

  /** May fail. */
  restore(keys: string, destination: string, ...options: string[]): Finished {
    return btdt(this.restoreWords(keys, destination, ...options));
  }

  clean(...options: string[]): Finished {
    return btdt(["clean", "-c", this.path, ...options]);
  }

  /** The paths of all objects, relative to the objects directory. */
  objects(): string[] {
    return this.#filesBelow("objects");
  }

  manifests(): string[] {
    return this.#filesBelow("manifests");
  }

  keys(): string[] {
    return readdirSync(this.below("keys")).toSorted();
  }

  sessions(): string[] {
    return readdirSync(this.below("sessions")).toSorted();
  }

  #filesBelow(part: string): string[] {
    const names = readdirSync(this.below(part), { recursive: true }).map(String);
    return names.filter((name) => name.includes("/")).toSorted();
  }
}
