import { closeSync, openSync, readSync } from "node:fs";
import { Gunzip } from "fflate";
import type { ArchiveEntry } from "./archive-entry.ts";
import { invalid } from "./archive-text.ts";
import { readTar } from "./tar-reader.ts";
import { readZip } from "./zip-reader.ts";

const PIECE_BYTES = 256 * 1024;

/**
 * The entries of an archive file, whose format shows in its first bytes.
 * @throws BtdtError ARCHIVE_INVALID; a `node:fs` error
 */
export async function* archiveEntries(path: string): AsyncGenerator<ArchiveEntry, void> {
  const descriptor = openSync(path, "r");
  try {
    const magic = Buffer.alloc(4);
    readSync(descriptor, magic, 0, 4, 0);
    if (magic[0] === 0x1f && magic[1] === 0x8b) yield* readTar(inflated(pieces(descriptor)));
    else if (magic[0] === 0x50 && magic[1] === 0x4b) yield* readZip(descriptor);
    else yield* readTar(pieces(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function* pieces(descriptor: number): Generator<Uint8Array, void> {
  for (;;) {
    const piece = new Uint8Array(PIECE_BYTES);
    const count = readSync(descriptor, piece, 0, PIECE_BYTES, null);
    if (count === 0) return;
    yield piece.subarray(0, count);
  }
}

function* inflated(compressed: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  const waiting: Uint8Array[] = [];
  let isEnded = false;
  const gunzip = new Gunzip((bytes, isLast) => {
    waiting.push(bytes);
    isEnded ||= isLast;
  });
  const push = (bytes: Uint8Array, isLast: boolean): void => {
    try {
      gunzip.push(bytes, isLast);
    } catch {
      throw invalid("the archive is damaged: it does not decompress");
    }
  };
  for (const piece of compressed) {
    // In small steps, because what they inflate to is all in memory.
    for (let start = 0; start < piece.length; start += 4096) {
      push(piece.subarray(start, start + 4096), false);
      yield* waiting.splice(0);
    }
  }
  push(new Uint8Array(0), true);
  yield* waiting.splice(0);
  if (!isEnded) throw invalid("the archive is truncated");
}
