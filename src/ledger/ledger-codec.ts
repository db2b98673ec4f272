import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { at } from "../manifest/manifest.ts";
import type { Ledger, RecordedManifest } from "./ledger.ts";

const MAGIC = "BTDTLEDG";
const FORMAT = 1;
export const LEDGER_HEADER_BYTES = 64;
/** Of entries to their manifests; a cache with more has no ledger. */
const MOST_REFERENCES = 256 * 1024;

/** How much a ledger contains, which its header says. */
export interface LedgerHeader extends Pick<Ledger, "readMs" | "fileCount" | "objectCount"> {
  readonly entryCount: number;
  readonly manifestCount: number;
  /** The manifests of each entry, added up. */
  readonly referenceCount: number;
}

/** Undefined if it is not the header of a ledger that this btdt reads. */
export function decodeLedgerHeader(bytes: Buffer): LedgerHeader | undefined {
  const isKnown =
    bytes.length === LEDGER_HEADER_BYTES &&
    bytes.toString("latin1", 0, MAGIC.length) === MAGIC &&
    bytes.readUInt32LE(8) === FORMAT &&
    bytes.readUInt32LE(28) === 0 &&
    bytes.subarray(48).every((byte) => byte === 0);
  if (!isKnown) return undefined;
  const header = {
    entryCount: bytes.readUInt32LE(12),
    manifestCount: bytes.readUInt32LE(16),
    referenceCount: bytes.readUInt32LE(20),
    objectCount: bytes.readUInt32LE(24),
    readMs: bytes.readDoubleLE(32),
    fileCount: bytes.readDoubleLE(40),
  };
  const { entryCount, referenceCount } = header;
  const isPlausible =
    entryCount <= referenceCount &&
    referenceCount <= MOST_REFERENCES &&
    [header.readMs, header.fileCount].every((number) => Number.isFinite(number) && number >= 0);
  return isPlausible ? header : undefined;
}

/** Of everything between the header and the objects. */
export function tableBytesOf({ entryCount, manifestCount, referenceCount }: LedgerHeader): number {
  return manifestCount * (8 + 8 + 4 + DIGEST_SIZE_BYTES) + (entryCount + referenceCount) * 4;
}

/** Columns over the bytes between the header and the objects. */
function viewTables(
  { entryCount, manifestCount: manifests, referenceCount }: LedgerHeader,
  buffer: ArrayBuffer,
) {
  const entryStart = 20 * manifests;
  const digestStart = entryStart + 4 * (entryCount + referenceCount);
  return {
    sizes: new Float64Array(buffer, 0, manifests),
    changedSeconds: new Float64Array(buffer, 8 * manifests, manifests),
    entryCounts: new Uint32Array(buffer, 16 * manifests, manifests),
    entryEnds: new Uint32Array(buffer, entryStart, entryCount),
    references: new Uint32Array(buffer, entryStart + 4 * entryCount, referenceCount),
    digests: Buffer.from(buffer, digestStart, manifests * DIGEST_SIZE_BYTES),
  };
}

/** @param buffer with `tableBytesOf` bytes @returns undefined if they contradict themselves */
export function decodeLedgerTables(header: LedgerHeader, buffer: ArrayBuffer): Ledger | undefined {
  const { sizes, changedSeconds, entryCounts, entryEnds, references, digests } = viewTables(header, buffer);
  const manifests = Array.from({ length: header.manifestCount }, (_, index): RecordedManifest => {
    const start = index * DIGEST_SIZE_BYTES;
    return {
      digest: digests.toString("hex", start, start + DIGEST_SIZE_BYTES),
      sizeBytes: at(sizes, index),
      changedSeconds: at(changedSeconds, index),
      entryCount: at(entryCounts, index),
    };
  });
  const entries: string[][] = [];
  let start = 0;
  for (const end of entryEnds) {
    const digests = [...references.subarray(start, end)].map((manifest) => manifests[manifest]?.digest ?? "");
    const isAscending = digests.every((digest, index) => digest > (digests[index - 1] ?? ""));
    if (end <= start || end > references.length || !isAscending) return undefined;
    entries.push(digests);
    start = end;
  }
  if (start !== references.length) return undefined;
  const { readMs, fileCount, objectCount } = header;
  return { readMs, fileCount, objectCount, entries, manifests };
}

/** Everything before the objects; undefined if there are too many entries. */
export function encodeLedgerTables(ledger: Ledger): Buffer | undefined {
  const { readMs, fileCount, objectCount, entries, manifests } = ledger;
  const referenceCount = entries.reduce((sum, digests) => sum + digests.length, 0);
  if (referenceCount > MOST_REFERENCES) return undefined;
  const counts = { entryCount: entries.length, manifestCount: manifests.length, referenceCount };
  const header = Buffer.alloc(LEDGER_HEADER_BYTES);
  header.write(MAGIC, "latin1");
  for (const [word, number] of [FORMAT, ...Object.values(counts), objectCount].entries()) {
    header.writeUInt32LE(number, 8 + 4 * word);
  }
  header.writeDoubleLE(readMs, 32);
  header.writeDoubleLE(fileCount, 40);
  const headerFields = { ...counts, readMs, fileCount, objectCount };
  const buffer = new ArrayBuffer(tableBytesOf(headerFields));
  const tables = viewTables(headerFields, buffer);
  for (const [index, manifest] of manifests.entries()) {
    tables.sizes[index] = manifest.sizeBytes;
    tables.changedSeconds[index] = manifest.changedSeconds;
    tables.entryCounts[index] = manifest.entryCount;
    tables.digests.write(manifest.digest, index * DIGEST_SIZE_BYTES, "hex");
  }
  const indexes = new Map(manifests.map(({ digest }, index) => [digest, index]));
  let end = 0;
  for (const [entry, digests] of entries.entries()) {
    for (const digest of digests) {
      const index = indexes.get(digest);
      if (index === undefined) return undefined;
      tables.references[end] = index;
      end += 1;
    }
    tables.entryEnds[entry] = end;
  }
  return Buffer.concat([header, new Uint8Array(buffer)]);
}
