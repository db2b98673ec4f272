import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type ByteString, bytesFromText, fsPath, joinBytes } from "../../base/byte-string.ts";
import { isDigestHex } from "../../base/digest.ts";
import { isBtdtError } from "../../base/errors.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import type { Session } from "../../cache/session.ts";
import { errnoOf } from "../../fs/errno.ts";
import { namesIn } from "../../fs/names-in.ts";
import { lstat, mtimeMs } from "../../fs/native/file-status.ts";
import { syncDirectory } from "../../fs/publish-file.ts";
import { decodePackIndex } from "../format/index-codec.ts";
import type { PackIndex } from "../format/pack-index.ts";

/**
 * A pack is a directory, named by the SHA-256 of its index file, with two files that never change: so it appears and
 * disappears in one step. An empty file beside them says of a block that it was found damaged.
 */
export const PACK_FILE_NAME = "pack" as ByteString;
export const INDEX_FILE_NAME = "index" as ByteString;
const DAMAGE_MARK = /^damaged-(0|[1-9]\d{0,8})$/;

export interface StoredPack {
  readonly name: string;
  readonly index: PackIndex;
  readonly damagedBlocks: ReadonlySet<number>;
  readonly allocatedBytes: number;
  /** When it was made, by the file system's clock. */
  readonly madeMs: number;
}

export interface UnusablePack {
  readonly name: string;
  readonly allocatedBytes: number;
  readonly madeMs: number;
}

/** Sorted; foreign files are passed over. @throws a `node:fs` error */
export function packNames(cache: CacheDirectory): string[] {
  return namesIn(cache.packs).filter(isDigestHex).toSorted();
}

/**
 * Reads a pack's index; the pack itself is only looked at. Undefined when it is gone.
 * @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error
 */
export function readPack(cache: CacheDirectory, name: string): StoredPack | UnusablePack | undefined {
  const directory = packDirectory(cache, name);
  const status = lstat(joinBytes(directory, PACK_FILE_NAME));
  const unusable = {
    name,
    allocatedBytes: status?.allocatedBytes ?? 0,
    madeMs: status === undefined ? 0 : mtimeMs(status),
  };
  try {
    const indexFile = readFileSync(fsPath(joinBytes(directory, INDEX_FILE_NAME)));
    if (new Bun.SHA256().update(indexFile).digest("hex") !== name) return unusable;
    const index = decodePackIndex(indexFile, name);
    if (status?.kind !== "file" || status.sizeBytes !== index.packBytes()) return unusable;
    const indexBytes = lstat(joinBytes(directory, INDEX_FILE_NAME))?.allocatedBytes ?? 0;
    const marks = readdirSync(fsPath(directory)).map((mark) => DAMAGE_MARK.exec(mark)?.[1]);
    const damagedBlocks = new Set(marks.filter((mark) => mark !== undefined).map(Number));
    return {
      ...unusable,
      index,
      damagedBlocks,
      allocatedBytes: unusable.allocatedBytes + indexBytes,
    };
  } catch (error) {
    if (isBtdtError(error, "PACK_DAMAGED")) return unusable;
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno === "ENOENT" && lstat(directory) === undefined ? undefined : unusable;
  }
}

export function packFilePath(cache: CacheDirectory, name: string): ByteString {
  return joinBytes(packDirectory(cache, name), PACK_FILE_NAME);
}

/** Gives a finished pack its name. @throws a `node:fs` error */
export function publishPack(cache: CacheDirectory, finished: ByteString, name: string): void {
  mkdirSync(fsPath(cache.packs), { recursive: true });
  renameSync(fsPath(finished), fsPath(packDirectory(cache, name)));
  syncDirectory(cache.packs);
}

/** By way of the session's directory, so that a pack is there or not, never a part of one. @throws a `node:fs` error */
export function removePack(cache: CacheDirectory, session: Session, name: string): void {
  const grave = session.temporaryPath();
  try {
    renameSync(fsPath(packDirectory(cache, name)), fsPath(grave));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    return;
  }
  rmSync(fsPath(grave), { recursive: true, force: true });
}

/** From now on nobody counts on what is in the block, so that the next store packs it anew. @throws a `node:fs` error */
export function markDamagedBlock(cache: CacheDirectory, name: string, block: number): void {
  writeFileSync(fsPath(joinBytes(packDirectory(cache, name), bytesFromText(`damaged-${block}`))), "");
}

function packDirectory(cache: CacheDirectory, name: string): ByteString {
  return joinBytes(cache.packs, bytesFromText(name));
}
