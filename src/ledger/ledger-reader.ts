import { closeSync, constants } from "node:fs";
import type { ByteString } from "../base/byte-string.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { emptyStatus } from "../fs/native/file-status.ts";
import { readFullyAt } from "../fs/positioned-io.ts";
import { openRegularFile, readUpTo } from "../fs/regular-file.ts";
import type { Ledger } from "./ledger.ts";
import { decodeLedgerHeader, decodeLedgerTables, LEDGER_HEADER_BYTES, tableBytesOf } from "./ledger-codec.ts";
import { BLOCK_OBJECTS, ObjectBlock } from "./object-block.ts";

/** Reads a ledger piece by piece, with distrust: it takes little memory, whatever the file says. */
export class LedgerReader {
  readonly ledger: Ledger;
  readonly #descriptor: number;
  readonly #hash: Bun.SHA256;
  #offset: number;
  #isComplete = false;

  private constructor(descriptor: number, ledger: Ledger, hash: Bun.SHA256, offset: number) {
    this.ledger = ledger;
    this.#descriptor = descriptor;
    this.#hash = hash;
    this.#offset = offset;
  }

  /**
   * @param mostFiles one with more objects or manifests is not read
   * @returns undefined if it is not a ledger that this btdt reads
   * @throws a `node:fs` error
   */
  static open(path: ByteString, mostFiles: number): LedgerReader | undefined {
    const status = emptyStatus();
    const descriptor = openRegularFile(path, constants.O_RDONLY, status);
    let reader: LedgerReader | undefined;
    try {
      reader = LedgerReader.#begin(descriptor, status.sizeBytes, mostFiles);
      return reader;
    } finally {
      if (reader === undefined) closeSync(descriptor);
    }
  }

  static #begin(descriptor: number, sizeBytes: number, mostFiles: number): LedgerReader | undefined {
    const headerBytes = readUpTo(descriptor, Math.min(sizeBytes, LEDGER_HEADER_BYTES));
    const header = decodeLedgerHeader(headerBytes);
    if (header === undefined || header.objectCount + header.manifestCount > mostFiles) return undefined;
    const tableBytes = tableBytesOf(header);
    const end = LEDGER_HEADER_BYTES + tableBytes;
    if (sizeBytes !== end + ObjectBlock.totalBytes(header.objectCount) + DIGEST_SIZE_BYTES) return undefined;
    const buffer = new ArrayBuffer(tableBytes);
    const tables = new Uint8Array(buffer);
    if (!readFullyAt(descriptor, tables, LEDGER_HEADER_BYTES)) return undefined;
    const ledger = decodeLedgerTables(header, buffer);
    const hash = new Bun.SHA256().update(headerBytes).update(tables);
    return ledger && new LedgerReader(descriptor, ledger, hash, end);
  }

  /** The objects. The same memory is used for all blocks but the last. @throws a `node:fs` error */
  *readBlocks(): Generator<ObjectBlock> {
    let leftCount = this.ledger.objectCount;
    let block = new ObjectBlock(Math.min(BLOCK_OBJECTS, leftCount));
    while (leftCount > 0) {
      if (leftCount < block.count) block = new ObjectBlock(leftCount);
      if (!readFullyAt(this.#descriptor, block.bytes, this.#offset)) return;
      this.#hash.update(block.bytes);
      this.#offset += block.bytes.length;
      leftCount -= block.count;
      yield block;
    }
    this.#isComplete = true;
  }

  /** Whether everything was read, and has its checksum. @throws a `node:fs` error */
  isSound(): boolean {
    if (!this.#isComplete) return false;
    const stated = Buffer.alloc(DIGEST_SIZE_BYTES);
    return (
      readFullyAt(this.#descriptor, stated, this.#offset) &&
      this.#hash.digest("hex") === stated.toString("hex")
    );
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
