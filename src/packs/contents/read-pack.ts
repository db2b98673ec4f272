import { isBtdtError } from "../../base/errors.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import { readPayloadFile } from "../../cache/read-payload-file.ts";
import { namesIn } from "../../fs/names-in.ts";
import { type FileStatus, lstat, mtimeMs } from "../../fs/native/file-status.ts";
import { decodePackIndex } from "../format/index-codec.ts";
import type { PackIndex } from "../format/pack-index.ts";
import { classifyPackFailure } from "./open-pack.ts";
import { damagedBlockOf, indexFilePath, packDirectory, packFilePath } from "./pack-directory.ts";

/** A pack as described by its index. */
export interface StoredPack {
  readonly kind: "stored";
  readonly name: string;
  readonly index: PackIndex;
  /** Found damaged by a restore or a clean: nobody relies on their contents. */
  readonly damagedBlocks: ReadonlySet<number>;
  readonly allocatedBytes: number;
  /** When it was created, by the file system's clock. */
  readonly madeMs: number;
  /** It is not in the cache directory: see `RemotePacks`. */
  readonly isRemote?: true;
}

/** What was read is not a pack: nothing in it can ever be used. */
export interface DamagedPack {
  readonly kind: "damaged";
  readonly name: string;
  readonly allocatedBytes: number;
  readonly madeMs: number;
}

/** Reading failed, which says nothing about the pack: it may contain anything, and must be left alone. */
export interface UnreadablePack {
  readonly kind: "unreadable";
  readonly name: string;
  readonly errno: string;
}

export type FoundPack = StoredPack | DamagedPack | UnreadablePack;

/**
 * Reads a pack's index; the pack itself is only examined. Returns undefined if it is gone.
 * @throws BtdtError CACHE_FORMAT_NEWER
 */
export function readPack(cache: CacheDirectory, name: string): FoundPack | undefined {
  try {
    const directory = lstat(packDirectory(cache, name));
    if (directory === undefined) return undefined;
    // A symlink could lead anywhere.
    if (directory.kind !== "directory") return describeDamaged(cache, name, directory);
    // A clean deletes damaged packs: a single wrong result of a network file system must not cause that.
    const stored = readStoredPack(cache, name) ?? readStoredPack(cache, name);
    return stored ?? describeDamaged(cache, name, directory);
  } catch (error) {
    const problem = classifyPackFailure(error);
    // A pack that is being deleted is gone an instant later.
    return problem.kind === "unreadable" ? { ...problem, name } : undefined;
  }
}

/** Undefined if it is not whole. @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error */
function readStoredPack(cache: CacheDirectory, name: string): StoredPack | undefined {
  const index = readIndex(cache, name);
  const pack = lstat(packFilePath(cache, name));
  if (index === undefined || pack?.kind !== "file" || pack.sizeBytes !== index.packBytes()) return undefined;
  const damagedBlocks = new Set(
    namesIn(packDirectory(cache, name))
      .map(damagedBlockOf)
      .filter((block) => block !== undefined),
  );
  const indexBytes = lstat(indexFilePath(cache, name))?.allocatedBytes ?? 0;
  const allocatedBytes = pack.allocatedBytes + indexBytes;
  return { kind: "stored", name, index, damagedBlocks, allocatedBytes, madeMs: mtimeMs(pack) };
}

function readIndex(cache: CacheDirectory, name: string): PackIndex | undefined {
  try {
    const bytes = readPayloadFile(indexFilePath(cache, name));
    if (new Bun.SHA256().update(bytes).digest("hex") !== name) return undefined;
    return decodePackIndex(bytes, name);
  } catch (error) {
    if (isBtdtError(error, "PACK_DAMAGED")) return undefined;
    if (isBtdtError(error) || classifyPackFailure(error).kind === "unreadable") throw error;
    return undefined;
  }
}

function describeDamaged(cache: CacheDirectory, name: string, directory: FileStatus): FoundPack | undefined {
  // A clean may have deleted it in the meantime.
  if (lstat(packDirectory(cache, name)) === undefined) return undefined;
  const status = directory.kind === "directory" ? lstat(packFilePath(cache, name)) : undefined;
  const { allocatedBytes } = status ?? directory;
  return { kind: "damaged", name, allocatedBytes, madeMs: mtimeMs(status ?? directory) };
}
