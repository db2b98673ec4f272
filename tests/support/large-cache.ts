import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { cleanCache } from "../../src/upkeep/clean.ts";
import type { CleanResult } from "../../src/upkeep/clean-result.ts";
import { HandMadeCache } from "./hand-made-cache.ts";
import { inlineRuntime } from "./inline-runtime.ts";
import type { Scratch } from "./scratch.ts";

const MANY_FILES = 1_000_000;
const now = (): number => Date.now() / 1000;

/** A cache whose keys state so many files that a clean leaves a ledger. */
export class LargeCache {
  readonly made: HandMadeCache;

  constructor(scratch: Scratch) {
    this.made = new HandMadeCache(scratch);
  }

  add(key: string, contents: readonly string[], usedSeconds = now()): string {
    const tree = Object.fromEntries(contents.map((content) => [content, content]));
    for (const content of contents) this.made.addObject(content);
    const manifest = this.made.addManifest(tree);
    this.made.addKey(key, [manifest], usedSeconds, MANY_FILES);
    return manifest;
  }

  async clean(maxAgeMs?: number, dryRun = false): Promise<CleanResult> {
    const cache = CacheDirectory.open(this.made.directory.path);
    return await cleanCache({ cache, maxAgeMs, maxSizeBytes: undefined, dryRun }, inlineRuntime());
  }

  /** Changes the bytes of a manifest, which only reading it would show. */
  spoil(manifest: string): void {
    const path = this.made.manifestPath(manifest);
    const { atimeMs, mtimeMs } = statSync(path);
    writeFileSync(path, readFileSync(path).fill(0));
    utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
  }

  get ledger(): string {
    return `${this.made.directory.root}/ledger`;
  }

  namesIn(part: "objects" | "manifests"): string[] {
    const names = readdirSync(this.made.directory[part], { recursive: true }).map(String);
    return names.flatMap((name) => name.split("/")[1] ?? []).toSorted();
  }

  /** The names of objects with these contents. */
  nameObjects(contents: Iterable<string>): string[] {
    return [...new Set(contents)]
      .map((content) => this.made.describe(content).object.split("/").at(-1) ?? "")
      .toSorted();
  }

  keys(): string[] {
    return readdirSync(this.made.directory.keys).toSorted();
  }
}
