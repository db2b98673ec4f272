import { chmodSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { prepareCache } from "../../src/cache/prepare-cache.ts";
import { encodeKeyFile } from "../../src/key/key-file.ts";
import { keyFileName } from "../../src/key/key-file-name.ts";
import { encodeManifest, manifestDigestOf } from "../../src/manifest/codec.ts";
import { formatObjectName } from "../../src/objects/object-name.ts";
import { manifestOf } from "./listed-manifest.ts";
import { directory, type FileNode, file } from "./listed-tree.ts";
import type { Scratch } from "./scratch.ts";

/** A cache whose files are written by the test itself, following `docs/format.md`, not by a store. */
export class HandMadeCache {
  readonly directory: CacheDirectory;

  constructor(scratch: Scratch) {
    this.directory = CacheDirectory.create(scratch.fresh("cache"));
    prepareCache(this.directory);
  }

  /** A file for a tree, and the path of its object below the cache. */
  describe(content: string, mode = 0o644): { readonly node: FileNode; readonly object: string } {
    const digest = new Bun.SHA256().update(content).digest("hex");
    const node = file({
      mode,
      size: content.length,
      digest,
      mtime: { seconds: 1_000_000_000, nanoseconds: 0 },
    });
    const name = formatObjectName({
      digestHex: digest,
      permissions: mode,
      mtimeSeconds: node.mtime.seconds,
      mtimeNanoseconds: 0,
      isExclusive: false,
    });
    return { node, object: `${this.directory.objects}/${name.slice(0, 2)}/${name}` };
  }

  addObject(content: string): string {
    const { node, object } = this.describe(content);
    mkdirSync(dirname(object), { recursive: true });
    writeFileSync(object, content);
    chmodSync(object, node.mode);
    utimesSync(object, node.mtime.seconds, node.mtime.seconds);
    return object;
  }

  /** @returns its digest */
  addManifest(contents: Readonly<Record<string, string>>): string {
    const children = Object.entries(contents).map(([name, content]) => [name, this.describe(content).node]);
    const bytes = encodeManifest(manifestOf(directory(Object.fromEntries(children))));
    const digest = manifestDigestOf(bytes);
    mkdirSync(dirname(this.manifestPath(digest)), { recursive: true });
    writeFileSync(this.manifestPath(digest), bytes);
    return digest;
  }

  manifestPath(digest: string): string {
    return `${this.directory.manifests}/${digest.slice(0, 2)}/${digest}`;
  }

  keyPath(key: string): string {
    return `${this.directory.keys}/${keyFileName(key)}`;
  }

  /** @param fileCount what the key states for each of its trees */
  addKey(
    key: string,
    manifests: readonly [string, ...string[]],
    usedSeconds = 2_000_000_000,
    fileCount = 1,
  ): void {
    const [first, ...others] = manifests.map((manifest) => ({ manifest, fileCount, contentBytes: 1 }));
    if (first === undefined) throw new Error("a key has a tree");
    const record = { key, storedAt: "2026-03-09T00:00:00.000Z", trees: [first, ...others] as const };
    writeFileSync(this.keyPath(key), encodeKeyFile(record));
    utimesSync(this.keyPath(key), usedSeconds, usedSeconds);
  }

  /** An entry with its objects. @returns its manifest's digest */
  addEntry(key: string, contents: Readonly<Record<string, string>>, usedSeconds?: number): string {
    for (const content of Object.values(contents)) this.addObject(content);
    const manifest = this.addManifest(contents);
    this.addKey(key, [manifest], usedSeconds);
    return manifest;
  }

  /** Replaces a file, or whatever exists, by a directory. */
  replaceByDirectory(path: string): void {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
  }

  /** A session without a lock file, left by its process long ago. */
  addDeadSession(): string {
    const path = `${this.directory.sessions}/${crypto.randomUUID()}`;
    mkdirSync(`${path}/half`, { recursive: true });
    for (const directory of [path, dirname(path)]) utimesSync(directory, 1_000_000_000, 1_000_000_000);
    return path;
  }
}
