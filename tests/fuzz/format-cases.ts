import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isBtdtError } from "../../src/base/errors.ts";
import { decodeKeyFile } from "../../src/key/key-file.ts";
import { manifestDigestOf } from "../../src/manifest/codec.ts";
import { at, type Manifest } from "../../src/manifest/manifest.ts";
import { ManifestReader } from "../../src/manifest/manifest-reader.ts";
import { decompressBlock } from "../../src/packs/format/block-codec.ts";
import { decodePackIndex } from "../../src/packs/format/index-codec.ts";
import { treeDigest } from "../../src/read/tree-digest.ts";
import type { Random } from "../support/random.ts";
import type { CacheFile, CacheSample } from "./cache-samples.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateKeyRecord } from "./mutate-key.ts";
import { baseOf, forgePayload, inflateFile } from "./payload-files.ts";

const DAMAGE = ["KEY_DAMAGED", "MANIFEST_DAMAGED", "PACK_DAMAGED", "CACHE_FORMAT_NEWER"] as const;
const DECODED = ["key", "manifest", "delta", "index"] as const;

/** Decodes one file of a cache, in this process: it is valid, or damaged. @throws for a fault of btdt */
export function runFormatCase(sample: CacheSample, random: Random): void {
  const kind = random.pick(DECODED);
  const files = sample.files.filter((file) => file.kind === kind);
  const file = files[random.below(files.length)];
  if (file === undefined) return;
  try {
    decode(sample, file, random);
  } catch (error) {
    if (!DAMAGE.some((code) => isBtdtError(error, code))) throw error;
  }
}

function decode(sample: CacheSample, { kind, path }: CacheFile, random: Random): void {
  const bytes = readFileSync(join(sample.cache, path));
  switch (kind) {
    case "key":
      decodeKeyFile(
        random.isLucky(1 / 2) ? mutateBytes(bytes, random) : mutateKeyRecord(bytes, random),
        basename(path),
      );
      break;
    case "manifest":
    case "delta":
      decodeManifestFile(sample, bytes, random);
      break;
    default:
      decodeIndexFile(bytes, readFileSync(join(sample.cache, dirname(path), "pack")), random);
      break;
  }
}

function decodeManifestFile(sample: CacheSample, bytes: Buffer, random: Random): void {
  const base = baseOf(bytes);
  const baseFile = base === undefined ? undefined : readFileSync(manifestPath(sample, base));
  const dictionary = baseFile === undefined ? undefined : inflateFile(baseFile);
  const mutated = mutateFile(bytes, dictionary, random);
  const digest = manifestDigestOf(mutated);
  const reader = new ManifestReader((wanted) => (wanted === digest ? mutated : baseFile));
  const read = reader.read(digest);
  if (read.kind === "read") visit(read.manifest);
}

export function manifestPath({ cache }: Pick<CacheSample, "cache">, digest: string): string {
  return join(cache, "btdt-v1", "manifests", digest.slice(0, 2), digest);
}

function mutateFile(bytes: Buffer, dictionary: Uint8Array | undefined, random: Random): Buffer {
  if (random.isLucky(1 / 3)) return mutateBytes(bytes, random);
  return forgePayload(bytes, dictionary, (payload) => mutateBytes(payload, random));
}

/** An accepted manifest keeps its promises in every respect. */
function visit(manifest: Manifest): void {
  const { directoryCount, fileCount, symlinkCount } = manifest.counts;
  const names = new Set<string>();
  for (let directory = 0; directory < directoryCount; directory++)
    names.add(`${manifest.directoryPath(directory)}/`);
  for (let file = 0; file < fileCount; file++) names.add(manifest.filePath(file));
  for (let symlink = 0; symlink < symlinkCount; symlink++) manifest.symlinkTarget(symlink);
  for (const name of names) {
    const isInside = !name.startsWith("/") || name === "/";
    if (!isInside || name.split("/").includes("..") || name.includes("\0"))
      throw new Error(`a manifest has ${name}`);
  }
  if (names.size !== directoryCount + fileCount) throw new Error("a manifest has a name twice");
  for (const [index, link] of manifest.linkFiles.entries()) {
    const target = at(manifest.linkTargets, index);
    const isSound = target < link && !manifest.isLink(target) && manifest.isLink(link);
    if (!isSound || manifest.digestHex(link) !== manifest.digestHex(target))
      throw new Error(`a manifest links file ${link} to ${target}`);
  }
  treeDigest(manifest);
}

function decodeIndexFile(bytes: Buffer, pack: Buffer, random: Random): void {
  const index = decodePackIndex(mutateFile(bytes, undefined, random), "0".repeat(64));
  for (let block = 0; block < index.counts.blockCount; block++) {
    const { offset, storedBytes, contentBytes, codecNumber } = index.storedBlock(block);
    if (offset + storedBytes > pack.length) continue;
    const stored = Buffer.from(pack.subarray(offset, offset + storedBytes));
    const content = decompressBlock(
      codecNumber,
      random.isLucky(1 / 2) ? mutateInPlace(stored, random) : stored,
      contentBytes,
    );
    if (content.length !== contentBytes) throw new Error("a block has another size than stated");
  }
}

function mutateInPlace(bytes: Buffer, random: Random): Buffer {
  bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}
