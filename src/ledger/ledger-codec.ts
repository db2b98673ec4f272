import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { layOutColumns } from "../base/format/column-layout.ts";
import { at } from "../manifest/manifest.ts";
import type { Ledger, RecordedEntry, RecordedManifest } from "./ledger.ts";

const MAGIC = "BTDTLEDG";
const FORMAT = 2;
export const LEDGER_HEADER_BYTES = 64;
/** Of entries to their manifests; a cache with more has no ledger. */
const MOST_REFERENCES = 256 * 1024;
/** Of entries: more can be given out until all manifests are read again. */
const LARGEST_NUMBER = 2 ** 31;

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
  return manifestCount * (8 + 8 + 4 + 4 + DIGEST_SIZE_BYTES) + entryCount * (8 + 4 + 4) + referenceCount * 4;
}

/** Columns over the bytes between the header and the objects. */
function viewTables(
  { entryCount: entries, manifestCount: manifests, referenceCount }: LedgerHeader,
  buffer: ArrayBuffer,
) {
  const { column } = layOutColumns(0);
  const offsets = {
    sizes: column(manifests, 8),
    changedSeconds: column(manifests, 8),
    neededBytes: column(entries, 8),
    entryCounts: column(manifests, 4),
    owners: column(manifests, 4),
    numbers: column(entries, 4),
    entryEnds: column(entries, 4),
    references: column(referenceCount, 4),
    digests: column(manifests, DIGEST_SIZE_BYTES),
  };
  return {
    sizes: new Float64Array(buffer, offsets.sizes, manifests),
    changedSeconds: new Float64Array(buffer, offsets.changedSeconds, manifests),
    neededBytes: new Float64Array(buffer, offsets.neededBytes, entries),
    entryCounts: new Uint32Array(buffer, offsets.entryCounts, manifests),
    owners: new Uint32Array(buffer, offsets.owners, manifests),
    numbers: new Uint32Array(buffer, offsets.numbers, entries),
    entryEnds: new Uint32Array(buffer, offsets.entryEnds, entries),
    references: new Uint32Array(buffer, offsets.references, referenceCount),
    digests: Buffer.from(buffer, offsets.digests, manifests * DIGEST_SIZE_BYTES),
  };
}

type LedgerTables = ReturnType<typeof viewTables>;

/** @param buffer with `tableBytesOf` bytes @returns undefined if they contradict themselves */
export function decodeLedgerTables(header: LedgerHeader, buffer: ArrayBuffer): Ledger | undefined {
  const tables = viewTables(header, buffer);
  const { digests } = tables;
  const manifests = Array.from({ length: header.manifestCount }, (_, index): RecordedManifest => {
    const start = index * DIGEST_SIZE_BYTES;
    return {
      digest: digests.toString("hex", start, start + DIGEST_SIZE_BYTES),
      sizeBytes: at(tables.sizes, index),
      changedSeconds: at(tables.changedSeconds, index),
      entryCount: at(tables.entryCounts, index),
      owners: at(tables.owners, index),
    };
  });
  const entries = decodeEntries(tables, manifests);
  const { readMs, fileCount, objectCount } = header;
  return entries && { readMs, fileCount, objectCount, entries, manifests };
}

function decodeEntries(
  { entryEnds, references, numbers, neededBytes }: LedgerTables,
  recorded: readonly RecordedManifest[],
): RecordedEntry[] | undefined {
  if (new Set(numbers).size < numbers.length || numbers.some((number) => number > LARGEST_NUMBER))
    return undefined;
  const entries: RecordedEntry[] = [];
  let start = 0;
  for (const [entry, end] of entryEnds.entries()) {
    const manifests = [...references.subarray(start, end)].map((index) => recorded[index]?.digest ?? "");
    const isAscending = manifests.every((digest, index) => digest > (manifests[index - 1] ?? ""));
    const bytes = at(neededBytes, entry);
    const isPlausible = isAscending && Number.isFinite(bytes) && bytes >= 0;
    if (end <= start || end > references.length || !isPlausible) return undefined;
    entries.push({ manifests, number: at(numbers, entry), neededBytes: bytes });
    start = end;
  }
  return start === references.length ? entries : undefined;
}

/** Everything before the objects; undefined if there are too many entries. */
export function encodeLedgerTables(ledger: Ledger): Buffer | undefined {
  const { readMs, fileCount, objectCount, entries, manifests } = ledger;
  const referenceCount = entries.reduce((sum, entry) => sum + entry.manifests.length, 0);
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
    tables.owners[index] = manifest.owners;
    tables.digests.write(manifest.digest, index * DIGEST_SIZE_BYTES, "hex");
  }
  return encodeEntries(ledger, tables) ? Buffer.concat([header, new Uint8Array(buffer)]) : undefined;
}

/** @returns false if one has a manifest that is not recorded */
function encodeEntries({ entries, manifests }: Ledger, tables: LedgerTables): boolean {
  const indexes = new Map(manifests.map(({ digest }, index) => [digest, index]));
  let end = 0;
  for (const [entry, recorded] of entries.entries()) {
    for (const digest of recorded.manifests) {
      const index = indexes.get(digest);
      if (index === undefined) return false;
      tables.references[end] = index;
      end += 1;
    }
    tables.entryEnds[entry] = end;
    tables.numbers[entry] = recorded.number;
    tables.neededBytes[entry] = recorded.neededBytes;
  }
  return true;
}
