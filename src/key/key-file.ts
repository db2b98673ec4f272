import { isDigestHex } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import { findPathOverlap } from "../base/path-overlap.ts";
import { keyFileName } from "./key-file-name.ts";
import { countsOf, type KeyRecord, type StoredTree } from "./key-record.ts";
import { isRecordedPath } from "./recorded-path.ts";
import { readSignature } from "./signature.ts";

/** A key in the cache: one small JSON file, whose name shows the key. `docs/format.md` describes both. */
const FORMAT_VERSION = 1;

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
