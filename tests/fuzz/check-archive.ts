import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveEntry } from "../../src/archive/archive-entry.ts";
import { EMPTY_BODY } from "../../src/archive/archive-entry.ts";
import { extract } from "../../src/archive/extract.ts";
import { gunzip } from "../../src/archive/gzip/gunzip.ts";
import { readTar } from "../../src/archive/tar/read-tar.ts";
import { readZip } from "../../src/archive/zip/read-zip.ts";
import { unzstd } from "../../src/archive/zstd/unzstd.ts";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { isBtdtError } from "../../src/base/errors.ts";
import { removeTree } from "../../src/fs/remove-tree.ts";
import { type HeldEntry, inPieces } from "../support/archive-entries.ts";
import type { MutatedArchive } from "./mutate-archive.ts";

/** Samples have a few KiB, which deflate expands at most a thousandfold. */
const MOST_CONTENT_BYTES = 64 * 1024 * 1024;

/** Decodes an archive: it contains entries, or an error says what is wrong with it. @throws for a fault of btdt */
export async function checkDecoding(archive: MutatedArchive, scratch: string): Promise<void> {
  let contentBytes = 0;
  try {
    for await (const { body } of openArchive(archive, scratch)) {
      for await (const piece of body) contentBytes += piece.length;
      if (contentBytes > MOST_CONTENT_BYTES) throw new Error("a small archive gave too much");
    }
  } catch (error) {
    if (!isBtdtError(error, "ARCHIVE_INVALID")) throw error;
  }
}

async function* openArchive(
  { format, bytes }: MutatedArchive,
  scratch: string,
): AsyncGenerator<ArchiveEntry, void> {
  switch (format) {
    case "tar":
      yield* readTar(inPieces(bytes, 700));
      return;
    case "tar.gz":
      yield* readTar(gunzip(inPieces(bytes, 700)));
      return;
    case "tar.zst":
      yield* readTar(unzstd(inPieces(bytes, 700)));
      return;
    case "zip": {
      const path = join(scratch, "archive.zip");
      writeFileSync(path, bytes);
      const descriptor = openSync(path, "r");
      try {
        yield* readZip(descriptor, async () => undefined);
      } finally {
        closeSync(descriptor);
      }
    }
  }
}

/**
 * Extracts entries into their own directory: nothing next to it changes, wherever links lead. @throws for a fault of
 * btdt
 */
export async function checkExtraction(entries: readonly HeldEntry[], scratch: string): Promise<void> {
  const outside = join(scratch, "outside");
  const inside = join(outside, "inside");
  removeTree(bytesFromText(outside));
  mkdirSync(outside);
  const canary = join(outside, "canary");
  writeFileSync(canary, "alive");
  const before = lstatSync(canary, { bigint: true }).ctimeNs;
  async function* list(): AsyncGenerator<ArchiveEntry, void> {
    for (const { content, ...entry } of entries) {
      yield { ...entry, body: content === "" ? EMPTY_BODY : inPieces(Buffer.from(content), 3) };
    }
  }
  try {
    await extract(list(), bytesFromText(inside), { umask: 0o022, onEntry: async () => undefined });
  } catch (error) {
    if (!isBtdtError(error, "ARCHIVE_INVALID")) throw error;
  }
  const names = readdirSync(outside).toSorted().join(" ");
  if (names !== "canary inside") throw new Error(`there is ${names} beside the tree`);
  if (readFileSync(canary, "utf8") !== "alive") throw new Error("the canary is dead");
  // Symlinks may lead to it, but nobody has followed one, nor given it another name.
  if (lstatSync(canary, { bigint: true }).ctimeNs !== before) throw new Error("the canary was touched");
}
