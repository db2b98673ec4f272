import { type ByteString } from "../../src/base/byte-string.ts";
import { compileMethodsLightly } from "../../src/base/compile-lightly.ts";
import { constants } from "../../src/fs/file-constants.ts";
import { closeWritten } from "../../src/fs/native/close-written.ts";
import { linuxLibc } from "../../src/fs/native/libc.ts";
import { PathBuffer } from "../../src/fs/native/path-buffer.ts";
import { PinnedBuffer } from "../../src/fs/native/pinned-buffer.ts";
import { OPEN_NEW, openQuickly, tryOpen } from "../../src/fs/native/quick-file.ts";
import { setMtimeBuffer, trySetOpenMtime } from "../../src/fs/native/set-times.ts";
import { inflateZstd } from "../../src/packs/format/inflate-zstd.ts";

/** The structures of pack-limit.c, as lists in this order, each after its length. */
const ITEM_BYTES = { directories: 40, files: 40, names: 1, blocks: 24, pieces: 56 };
const BLOCK_BYTES = 4 << 20;
const LARGEST_STORED_BYTES = 2 * BLOCK_BYTES;
const DIGEST_BYTES = 32;
const SLASH = 0x2f;
const USER_ALL = 0o700;

export interface UnpackSetup {
  readonly lists: SharedArrayBuffer;
  readonly nextBlock: Int32Array;
  readonly root: ByteString;
  readonly descriptor: number;
}

type ListName = keyof typeof ITEM_BYTES;

interface List {
  readonly start: number;
  readonly count: number;
}

/** One of the threads of the limit. */
export class Unpacker {
  private readonly setup: UnpackSetup;
  private readonly view: DataView;
  private readonly bytes: Buffer;
  private readonly lists: Record<ListName, List>;
  private readonly path = new PathBuffer();
  private readonly digest = new Uint8Array(DIGEST_BYTES);
  private directory = -1;
  private directoryLength = 0;

  constructor(setup: UnpackSetup) {
    this.setup = setup;
    this.view = new DataView(setup.lists);
    this.bytes = Buffer.from(setup.lists);
    let end = 0;
    const next = (itemBytes: number): List => {
      const count = Number(this.view.getBigUint64(end, true));
      const start = end + 8;
      end = start + count * itemBytes;
      return { start, count };
    };
    this.lists = {
      directories: next(ITEM_BYTES.directories),
      files: next(ITEM_BYTES.files),
      names: next(ITEM_BYTES.names),
      blocks: next(ITEM_BYTES.blocks),
      pieces: next(ITEM_BYTES.pieces),
    };
  }

  makeDirectories(): void {
    for (let directory = 0; directory < this.lists.directories.count; directory++) {
      const node = this.item("directories", directory);
      this.setPath(directory, undefined);
      linuxLibc?.mkdir(this.path.pointer, this.u32(node + 8) | USER_ALL);
    }
  }

  finishDirectories(): void {
    for (let directory = 0; directory < this.lists.directories.count; directory++) {
      const node = this.item("directories", directory);
      this.setPath(directory, undefined);
      setMtimeBuffer(this.path, this.u32(node + 16), this.u32(node + 24));
    }
  }

  finishLargeFiles(): void {
    for (let file = 0; file < this.lists.files.count; file++) {
      const node = this.item("files", file);
      if (this.u32(node + 32) <= BLOCK_BYTES && this.u32(node + 36) === 0) continue;
      this.setPath(this.u32(node), node);
      setMtimeBuffer(this.path, this.u32(node + 16), this.u32(node + 24));
    }
  }

  unpackBlocks(): void {
    const stored = new PinnedBuffer(new Uint8Array(LARGEST_STORED_BYTES));
    const { nextBlock, descriptor } = this.setup;
    const { count } = this.lists.blocks;
    for (let block = Atomics.add(nextBlock, 0, 1); block < count; block = Atomics.add(nextBlock, 0, 1)) {
      const item = this.item("blocks", block);
      const storedBytes = this.u32(item + 8);
      const offset = this.u32(item) + this.u32(item + 4) * 2 ** 32;
      linuxLibc?.pread(descriptor, stored.pointerAt(0), storedBytes, offset);
      const content = inflateZstd(stored.bytes.subarray(0, storedBytes), this.u32(item + 12));
      this.writePieces(new PinnedBuffer(content), block, this.u32(item + 16));
    }
  }

  private writePieces(content: PinnedBuffer, block: number, firstPiece: number): void {
    let hashed = -1;
    for (let number = firstPiece; number < this.lists.pieces.count; number++) {
      const piece = this.item("pieces", number);
      if (this.u32(piece + 36) !== block) return;
      const offset = this.u32(piece + 40);
      const sizeBytes = this.u32(piece + 44);
      if (hashed < 0 || !this.isSameDigest(this.bytes, hashed, piece)) {
        Bun.SHA256.hash(content.bytes.subarray(offset, offset + sizeBytes), this.digest);
        if (!this.isSameDigest(this.digest, 0, piece)) throw new Error("a content has another digest");
        hashed = piece;
      }
      this.writePiece(content, offset, sizeBytes, piece);
    }
  }

  private isSameDigest(bytes: Uint8Array, start: number, other: number): boolean {
    for (let byte = 0; byte < DIGEST_BYTES; byte++) {
      if (bytes[start + byte] !== this.bytes[other + byte]) return false;
    }
    return true;
  }

  private writePiece(content: PinnedBuffer, offset: number, sizeBytes: number, piece: number): void {
    const node = this.item("files", this.u32(piece + 32));
    this.setPath(this.u32(node), node);
    const isWhole = this.u32(node + 32) === sizeBytes && this.u32(node + 36) === 0;
    const mode = this.u32(node + 8);
    const descriptor = isWhole
      ? openQuickly(this.path, OPEN_NEW, mode)
      : tryOpen(this.path, constants.O_WRONLY | constants.O_CREAT, mode);
    const start = this.u32(piece + 48) + this.u32(piece + 52) * 2 ** 32;
    const written = isWhole
      ? linuxLibc?.write(descriptor, content.pointerAt(offset), sizeBytes)
      : linuxLibc?.pwrite(descriptor, content.pointerAt(offset), sizeBytes, start);
    if (written !== sizeBytes) throw new Error("a file could not be written");
    if (isWhole) trySetOpenMtime(descriptor, this.u32(node + 16), this.u32(node + 24));
    closeWritten(descriptor);
  }

  /** @param node of a file; undefined for the directory itself */
  private setPath(directory: number, node: number | undefined): void {
    const path = this.path;
    if (directory === this.directory && node !== undefined) path.truncate(this.directoryLength);
    else {
      path.set(this.setup.root);
      this.appendName(this.u32(this.item("directories", directory) + 4));
      this.directory = directory;
      this.directoryLength = path.length;
    }
    if (node !== undefined) this.appendName(this.u32(node + 4), path.appendByte(SLASH));
  }

  private appendName(name: number, path = this.path): void {
    const start = this.lists.names.start + name;
    let end = start;
    while (this.bytes[end] !== 0) end += 1;
    path.appendBytes(this.bytes, start, end);
  }

  private item(list: ListName, index: number): number {
    return this.lists[list].start + index * ITEM_BYTES[list];
  }

  private u32(offset: number): number {
    return this.view.getUint32(offset, true);
  }
}

compileMethodsLightly(Unpacker);
