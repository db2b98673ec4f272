import { closeSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import { isBtdtError } from "../../base/errors.ts";
import { LARGEST_FILE_BYTES } from "../../base/format/payload-file.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import { errnoOf } from "../../fs/errno.ts";
import { namesIn } from "../../fs/names-in.ts";
import { emptyStatus, fstat, lstat, mtimeMs } from "../../fs/native/file-status.ts";
import { readFullyAt } from "../../fs/positioned-io.ts";
import { decodePackIndex } from "../format/index-codec.ts";
import type { PackIndex } from "../format/pack-index.ts";
import { openPackFile } from "./open-pack.ts";
import { damagedBlockOf, indexFilePath, packDirectory, packFilePath } from "./pack-directory.ts";

/** A pack as its index describes it. */
export interface StoredPack {
  readonly kind: "stored";
  readonly name: string;
  readonly index: PackIndex;
  /** Found damaged by a restore or a clean: nobody counts on what is in them. */
  readonly damagedBlocks: ReadonlySet<number>;
  readonly allocatedBytes: number;
  /** When it was made, by the file system's clock. */
  readonly madeMs: number;
}

/** What was read is not a pack: nothing in it can ever be used. */
export interface DamagedPack {
  readonly kind: "damaged";
  readonly name: string;
  readonly allocatedBytes: number;
  readonly madeMs: number;
}

/** Reading failed, which says nothing about the pack: it may hold anything, and is to be left alone. */
export interface UnreadablePack {
  readonly kind: "unreadable";
  readonly name: string;
  readonly errno: string;
}

export type FoundPack = StoredPack | DamagedPack | UnreadablePack;

/**
 * Reads a pack's index; the pack itself is only looked at. Undefined when it is gone.
 * @throws BtdtError CACHE_FORMAT_NEWER
 */
export function readPack(cache: CacheDirectory, name: string): FoundPack | undefined {
  try {
    return readStoredPack(cache, name) ?? (isGone(cache, name) ? undefined : damagedPack(cache, name));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { kind: "unreadable", name, errno };
  }
}

/** Undefined when it is gone or damaged. @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error */
function readStoredPack(cache: CacheDirectory, name: string): StoredPack | undefined {
  // A symlink is none.
  if (lstat(packDirectory(cache, name))?.kind !== "directory") return undefined;
  const indexFile = readIndexFile(indexFilePath(cache, name));
  if (indexFile === undefined || new Bun.SHA256().update(indexFile.bytes).digest("hex") !== name) {
    return undefined;
  }
  const index = decodeIndexIfWhole(indexFile.bytes, name);
  const status = statusOf(packFilePath(cache, name));
  if (index === undefined || status?.kind !== "file" || status.sizeBytes !== index.packBytes()) {
    return undefined;
  }
  const damagedBlocks = new Set(
    namesIn(packDirectory(cache, name))
      .map(damagedBlockOf)
      .filter((block) => block !== undefined),
  );
  const allocatedBytes = status.allocatedBytes + indexFile.allocatedBytes;
  return { kind: "stored", name, index, damagedBlocks, allocatedBytes, madeMs: mtimeMs(status) };
}

/** Undefined when there is none, or what is there cannot be one. @throws a `node:fs` error */
function readIndexFile(
  path: ByteString,
): { readonly bytes: Uint8Array; readonly allocatedBytes: number } | undefined {
  const opened = openPackFile(path);
  switch (opened.kind) {
    case "gone":
    case "damaged":
      return undefined;
    case "unreadable":
      throw Object.assign(new Error(`cannot read the index of a pack: ${opened.errno}`), {
        code: opened.errno,
      });
    case "open":
      break;
  }
  try {
    const status = emptyStatus();
    fstat(opened.descriptor, status);
    if (status.sizeBytes > LARGEST_FILE_BYTES) return undefined;
    const bytes = new Uint8Array(status.sizeBytes);
    if (!readFullyAt(opened.descriptor, bytes, 0)) return undefined;
    return { bytes, allocatedBytes: status.allocatedBytes };
  } finally {
    closeSync(opened.descriptor);
  }
}

function decodeIndexIfWhole(file: Uint8Array, name: string): PackIndex | undefined {
  try {
    return decodePackIndex(file, name);
  } catch (error) {
    if (isBtdtError(error, "PACK_DAMAGED")) return undefined;
    throw error;
  }
}

function isGone(cache: CacheDirectory, name: string): boolean {
  return lstat(packDirectory(cache, name)) === undefined;
}

function damagedPack(cache: CacheDirectory, name: string): DamagedPack {
  const status = statusOf(packFilePath(cache, name)) ?? lstat(packDirectory(cache, name));
  return {
    kind: "damaged",
    name,
    allocatedBytes: status?.allocatedBytes ?? 0,
    madeMs: status === undefined ? 0 : mtimeMs(status),
  };
}

/** Undefined when nothing is there, or the pack is not even a directory. @throws a `node:fs` error */
function statusOf(path: ByteString): ReturnType<typeof lstat> {
  try {
    return lstat(path);
  } catch (error) {
    if (errnoOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
