/**
 * Makes large caches in seconds, without trees to store: their keys and manifests are like those of a store, but the
 * objects are sparse files, which have the right size, mode and time, and contents that nobody reads.
 */
import { closeSync, ftruncateSync, futimesSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { DIGEST_SIZE_BYTES } from "../../src/base/digest.ts";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { prepareCache } from "../../src/cache/prepare-cache.ts";
import { encodeKeyFile } from "../../src/key/key-file.ts";
import { keyFileName } from "../../src/key/key-file-name.ts";
import { encodeManifest, manifestDigestOf } from "../../src/manifest/codec.ts";
import { Manifest } from "../../src/manifest/manifest.ts";
import { formatObjectName } from "../../src/objects/object-name.ts";

export interface CacheSize {
  readonly entryCount: number;
  /** Of each entry. */
  readonly fileCount: number;
  /** How many of them no other entry has. */
  readonly ownFileCount: number;
}

const FILES_PER_DIRECTORY = 50;
const SIZE_BYTES = 4000;
const MODE = 0o644;
const MTIME_SECONDS = 1_700_000_000;

/** The number of contents, each of which is an object. */
export function countContents({ entryCount, fileCount, ownFileCount }: CacheSize): number {
  return fileCount + (entryCount - 1) * ownFileCount;
}

/** @param path of a directory that does not exist */
export function makeSyntheticCache(path: string, size: CacheSize): void {
  const cache = CacheDirectory.create(bytesFromText(path));
  prepareCache(cache);
  makeObjects(cache.objects, countContents(size));
  const manifest = describeTree(size.fileCount);
  const common = Uint8Array.from(manifest.fileDigests);
  for (let entry = 0; entry < size.entryCount; entry++) {
    manifest.fileDigests.set(common);
    const ownCount = entry === 0 ? 0 : size.ownFileCount;
    for (let own = 0; own < ownCount; own++) {
      // Spread over the tree, and elsewhere in each entry.
      const file = Math.floor(((own + (entry % 97) / 97) * size.fileCount) / size.ownFileCount);
      const content = size.fileCount + (entry - 1) * size.ownFileCount + own;
      manifest.fileDigests.set(digestOf(content), file * DIGEST_SIZE_BYTES);
    }
    const bytes = encodeManifest(manifest);
    const digest = manifestDigestOf(bytes);
    const shard = join(cache.manifests, digest.slice(0, 2));
    mkdirSync(shard, { recursive: true });
    writeFileSync(join(shard, digest), bytes);
    const trees = [
      {
        path: "tree",
        manifest: digest,
        fileCount: size.fileCount,
        contentBytes: size.fileCount * SIZE_BYTES,
      },
    ] as const;
    const key = `key-${entry}`;
    const record = { key, storedAt: new Date().toISOString(), trees };
    writeFileSync(join(cache.keys, keyFileName(key)), encodeKeyFile(record));
  }
}

function makeObjects(objects: string, count: number): void {
  for (let shard = 0; shard < 256; shard++) {
    mkdirSync(join(objects, shard.toString(16).padStart(2, "0")), { recursive: true });
  }
  for (let content = 0; content < count; content++) {
    const digestHex = Buffer.from(digestOf(content)).toString("hex");
    const name = formatObjectName({
      digestHex,
      permissions: MODE,
      mtimeSeconds: MTIME_SECONDS,
      mtimeNanoseconds: 0,
      isExclusive: false,
    });
    const descriptor = openSync(join(objects, digestHex.slice(0, 2), name), "wx", MODE);
    ftruncateSync(descriptor, SIZE_BYTES);
    futimesSync(descriptor, MTIME_SECONDS, MTIME_SECONDS);
    closeSync(descriptor);
  }
}

function digestOf(content: number): Uint8Array {
  return new Uint8Array(new Bun.SHA256().update(`content ${content}`).digest().buffer);
}

function nameOf(index: number): string {
  return index.toString().padStart(8, "0");
}

function describeTree(fileCount: number): Manifest {
  const childCount = Math.ceil(fileCount / FILES_PER_DIRECTORY);
  const manifest = Manifest.allocate({
    isSingleFile: false,
    directoryCount: 1 + childCount,
    fileCount,
    symlinkCount: 0,
    directoryNameBytes: childCount * 8,
    fileNameBytes: fileCount * 8,
    symlinkNameBytes: 0,
    symlinkTargetBytes: 0,
    linkCount: 0,
    usesExclusiveObjects: false,
  });
  manifest.directoryModes.fill(0o755);
  manifest.directoryMtimeSeconds.fill(MTIME_SECONDS);
  const names = Buffer.from(
    manifest.directoryNames.buffer,
    manifest.directoryNames.byteOffset,
    childCount * 8,
  );
  for (let child = 1; child <= childCount; child++) {
    names.write(nameOf(child), (child - 1) * 8);
    manifest.directoryNameEnds[child] = child * 8;
    manifest.directoryFileEnds[child] = Math.min(fileCount, child * FILES_PER_DIRECTORY);
  }
  manifest.fileModes.fill(MODE);
  manifest.fileSizes.fill(SIZE_BYTES);
  manifest.fileMtimeSeconds.fill(MTIME_SECONDS);
  for (let file = 0; file < fileCount; file++) {
    manifest.fileNames.write(nameOf(file), file * 8);
    manifest.fileNameEnds[file] = (file + 1) * 8;
    manifest.fileDigests.set(digestOf(file), file * DIGEST_SIZE_BYTES);
  }
  return manifest;
}
