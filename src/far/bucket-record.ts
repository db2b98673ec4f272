import { isDigestHex } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import { LARGEST_PAYLOAD_BYTES } from "../base/format/payload-file.ts";
import { decodeKeyFile, encodeKeyFile } from "../key/key-file.ts";
import type { KeyRecord } from "../key/key-record.ts";
import { isPackId } from "./bucket-layout.ts";

/** Where a part of a pack object is. */
interface RecordedPart {
  /** SHA-256 of its bytes, 64 hexadecimal digits. */
  readonly digest: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What an entry needs of a pack object: the pack, and after it its index and manifests. */
export interface RecordedPack {
  readonly id: string;
  /** Of the whole object. */
  readonly sizeBytes: number;
  /** Undefined if the entry needs nothing from the pack. */
  readonly index?: RecordedPart;
  /** Of the entry's trees, and those that these are deltas of. */
  readonly manifests: readonly RecordedPart[];
}

/** A key in a bucket: that of a cache directory, and the packs that have all it needs. */
export interface BucketRecord extends KeyRecord {
  readonly packs: readonly RecordedPack[];
}

/** Far more than a store uses; each is a request for a restore. */
const MOST_PACKS = 64;

export function encodeBucketRecord(record: BucketRecord): Uint8Array {
  return encodeKeyFile(record);
}

/**
 * Reads a record with distrust: its places are inside their packs, and it has a place for each manifest.
 * @param fileName the name it was found under
 * @throws BtdtError KEY_DAMAGED, CACHE_FORMAT_NEWER
 */
export function decodeBucketRecord(bytes: Uint8Array, fileName: string): BucketRecord {
  const record = decodeKeyFile(bytes, fileName);
  const list: unknown = fieldOf(JSON.parse(new TextDecoder().decode(bytes)), "packs");
  const packs = Array.isArray(list) ? list.map((pack: unknown) => readRecordedPack(pack)) : [];
  const isSound =
    packs.length > 0 &&
    packs.length <= MOST_PACKS &&
    new Set(packs.map((pack) => pack?.id)).size === packs.length;
  const sound = packs.filter((pack) => pack !== undefined);
  const manifests = new Set(sound.flatMap((pack) => pack.manifests.map(({ digest }) => digest)));
  if (
    !isSound ||
    sound.length < packs.length ||
    !record.trees.every(({ manifest }) => manifests.has(manifest))
  ) {
    throw new BtdtError(
      "KEY_DAMAGED",
      `the record of key ${fileName} is damaged: its packs are inconsistent`,
      {
        path: fileName,
      },
    );
  }
  return { ...record, packs: sound };
}

function readRecordedPack(json: unknown): RecordedPack | undefined {
  const [id, sizeBytes, index, list] = ["id", "sizeBytes", "index", "manifests"].map((name) =>
    fieldOf(json, name),
  );
  if (typeof id !== "string" || !isPackId(id) || !isSize(sizeBytes) || !Array.isArray(list)) return undefined;
  const manifests = list.map((part: unknown) => readPart(part, sizeBytes));
  const indexPart = index === undefined ? undefined : readPart(index, sizeBytes);
  if (manifests.includes(undefined) || (index !== undefined && indexPart === undefined)) return undefined;
  const sound = manifests.filter((part) => part !== undefined);
  if (indexPart === undefined && sound.length === 0) return undefined;
  return { id, sizeBytes, manifests: sound, ...(indexPart === undefined ? {} : { index: indexPart }) };
}

function readPart(json: unknown, objectBytes: number): RecordedPart | undefined {
  const [digest, offset, sizeBytes] = ["digest", "offset", "sizeBytes"].map((name) => fieldOf(json, name));
  if (typeof digest !== "string" || !isDigestHex(digest) || !isSize(offset) || !isSize(sizeBytes))
    return undefined;
  const isInside = sizeBytes > 0 && sizeBytes <= LARGEST_PAYLOAD_BYTES && offset + sizeBytes <= objectBytes;
  return isInside ? { digest, offset, sizeBytes } : undefined;
}

function fieldOf(json: unknown, name: string): unknown {
  if (typeof json !== "object" || json === null || !Object.hasOwn(json, name)) return undefined;
  return json[name as keyof typeof json];
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
