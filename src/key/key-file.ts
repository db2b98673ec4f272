import { isDigestHex } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import { findPathOverlap } from "../base/path-overlap.ts";
import { isRecordedPath } from "./recorded-path.ts";
import { type EntrySignature, readSignature } from "./signature.ts";

/** A key in the cache: one small JSON file, whose name shows the key. `docs/format.md` describes both. */
const FORMAT_VERSION = 1;

/** Long enough to be readable; with the suffix, within the 255 bytes of every file system. */
const LONGEST_READABLE_NAME = 180;
const SUFFIX_HEX_DIGITS = 32;

/** One of the paths that were stored together. */
export interface StoredTree {
  /**
   * Where it was stored from, relative to the working directory; absent if it was elsewhere. See `isRecordedPath`.
   */
  readonly path?: string;
  /** The manifest's digest, 64 hexadecimal digits. */
  readonly manifest: string;
  readonly fileCount: number;
  readonly contentBytes: number;
  /** Files and directories that were left out because they changed or could not be read; absent if none. */
  readonly skippedCount?: number;
}

export interface KeyRecord {
  readonly key: string;
  /** ISO 8601, by the file system's clock; ages are computed from the file's mtime. */
  readonly storedAt: string;
  /** In the order given; recorded paths do not overlap. */
  readonly trees: readonly [StoredTree, ...StoredTree[]];
  /** Absent if it is not signed. */
  readonly signature?: EntrySignature;
  /** In a local cache in front of a far one: for each tree, the digest of the manifest that describes it there. */
  readonly origins?: readonly string[];
}

/** Totals of all trees. */
export function countsOf(trees: readonly StoredTree[]): {
  readonly fileCount: number;
  readonly contentBytes: number;
} {
  const counts = { fileCount: 0, contentBytes: 0 };
  for (const { fileCount, contentBytes } of trees) {
    counts.fileCount += fileCount;
    counts.contentBytes += contentBytes;
  }
  return counts;
}

/** How much of the sources an entry lacks. */
export function countSkipped(trees: readonly Pick<StoredTree, "skippedCount">[]): number {
  return trees.reduce((sum, { skippedCount = 0 }) => sum + skippedCount, 0);
}

/** Keys with the same contents have the same id: they are one entry. */
export function entryIdOf({ trees }: KeyRecord): string {
  return [...new Set(trees.map(({ manifest }) => manifest))].toSorted().join(" ");
}

/** Whether nothing was stored under a key between two reads of it. */
export function isSameRecord(left: KeyRecord, right: KeyRecord): boolean {
  return left.storedAt === right.storedAt && entryIdOf(left) === entryIdOf(right);
}

/**
 * The key, percent-encoded except for letters, digits, `.`, `_`, `-`, `+`, `=` and `@`. A leading dot is encoded as
 * well. A key with upper-case letters, or a long one (which is truncated), is followed by `~` and 32 digits of its
 * SHA-256, so that two keys never share a name, even on a file system that ignores case.
 */
export function keyFileName(key: string): string {
  const encoded = encodeName(key);
  if (encoded.length <= LONGEST_READABLE_NAME && !hasUpperCase(key)) return encoded;
  const digest = new Bun.SHA256().update(key).digest("hex");
  return `${encoded.slice(0, LONGEST_READABLE_NAME)}~${digest.slice(0, SUFFIX_HEX_DIGITS)}`;
}

/** What the file names of all keys with a prefix begin with, and perhaps those of others. */
export function keyNamePrefix(prefix: string): string {
  return encodeName(prefix).slice(0, LONGEST_READABLE_NAME);
}

function hasUpperCase(key: string): boolean {
  for (let index = 0; index < key.length; index++) if (isUpperCase(key.charCodeAt(index))) return true;
  return false;
}

const isUpperCase = (code: number): boolean => code >= 0x41 && code <= 0x5a;

function encodeName(text: string): string {
  if (isPlainName(text)) return text;
  return [...Buffer.from(text, "utf8")]
    .map((byte, index) => {
      return isPlain(byte, index === 0)
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}

/** Most keys need no encoding. Not by a regular expression: the first one that is used takes longer than all of this. */
function isPlainName(text: string): boolean {
  for (let index = 0; index < text.length; index++)
    if (!isPlain(text.charCodeAt(index), index === 0)) return false;
  return text !== "";
}

function isPlain(code: number, isFirst: boolean): boolean {
  if ((code >= 0x61 && code <= 0x7a) || isUpperCase(code) || (code >= 0x30 && code <= 0x39)) return true;
  const character = String.fromCharCode(code);
  return "_+=@-".includes(character) || (character === "." && !isFirst);
}

export function encodeKeyFile(record: KeyRecord): Buffer {
  return Buffer.from(`${JSON.stringify({ format: FORMAT_VERSION, ...record })}\n`, "utf8");
}

/**
 * @param fileName the name it was found under, which must match its key
 * @throws BtdtError KEY_DAMAGED, CACHE_FORMAT_NEWER
 */
export function decodeKeyFile(file: Uint8Array, fileName: string): KeyRecord {
  const damaged = (what: string): BtdtError =>
    new BtdtError("KEY_DAMAGED", `the key file ${fileName} is damaged: ${what}`, { path: fileName });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file));
  } catch {
    throw damaged("it is not JSON");
  }
  const field = fieldsOf(json);
  if (field === undefined) throw damaged("it is not an object");

  const format = field("format");
  if (typeof format === "number" && format > FORMAT_VERSION) {
    throw new BtdtError(
      "CACHE_FORMAT_NEWER",
      `the key file ${fileName} has format ${format}; this btdt reads up to ${FORMAT_VERSION}`,
      {
        path: fileName,
        hint: "use the btdt version that wrote the cache, or another cache directory",
      },
    );
  }
  const [key, storedAt, list] = [field("key"), field("storedAt"), field("trees")];
  if (format !== FORMAT_VERSION) throw damaged("it has no format");
  if (typeof key !== "string" || keyFileName(key) !== fileName) throw damaged("it belongs to another key");
  if (typeof storedAt !== "string" || Number.isNaN(Date.parse(storedAt)))
    throw damaged("it does not say when it was stored");
  if (!Array.isArray(list)) throw damaged("it has no list of trees");
  const [first, ...others] = list.map((tree: unknown) => decodeTree(tree, damaged));
  if (first === undefined) throw damaged("its list of trees is empty");
  const trees = [first, ...others] as const;
  const { fileCount, contentBytes } = countsOf(trees);
  if (!isCount(fileCount) || !isCount(contentBytes)) throw damaged("its counts are out of range");
  if (trees.length > 1) checkApart(trees, damaged);
  const signature = readSignature(field("signature"));
  const origins = field("origins");
  if (origins !== undefined && !(isListOfDigests(origins) && origins.length === trees.length))
    throw damaged("its origins are not those of its trees");
  return {
    key,
    storedAt,
    trees,
    ...(signature === undefined ? {} : { signature }),
    ...(origins === undefined ? {} : { origins }),
  };
}

function checkApart(trees: readonly StoredTree[], damaged: (what: string) => BtdtError): void {
  const paths = trees.flatMap(({ path }) => (path === undefined ? [] : [path]));
  if (findPathOverlap(paths) !== undefined) throw damaged("one of its paths lies inside another");
}

function isListOfDigests(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isDigest);
}

function isDigest(value: unknown): value is string {
  return typeof value === "string" && isDigestHex(value);
}

function decodeTree(json: unknown, damaged: (what: string) => BtdtError): StoredTree {
  const field = fieldsOf(json);
  if (field === undefined) throw damaged("a tree is not an object");
  const [path, manifest] = [field("path"), field("manifest")];
  const [fileCount, contentBytes] = [field("fileCount"), field("contentBytes")];
  if (!isDigest(manifest)) throw damaged("it names no manifest");
  if (!isCount(fileCount) || !isCount(contentBytes)) throw damaged("its counts are out of range");
  const skippedCount = field("skippedCount");
  if (skippedCount !== undefined && !isCount(skippedCount)) throw damaged("its counts are out of range");
  const counts = { fileCount, contentBytes, ...(skippedCount === undefined ? {} : { skippedCount }) };
  if (path === undefined) return { manifest, ...counts };
  if (typeof path !== "string" || !isRecordedPath(path))
    throw damaged("one of its paths is not below the working directory");
  return { path, manifest, ...counts };
}

/** Looks up an object's own fields; undefined if it is not an object. */
function fieldsOf(json: unknown): ((name: string) => unknown) | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  return (name) => (Object.hasOwn(json, name) ? json[name as keyof typeof json] : undefined);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
