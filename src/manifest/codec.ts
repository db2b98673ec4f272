import { BtdtError } from "../base/errors.ts";
import {
  compressPayload,
  damaged,
  decodePrefix,
  encodePrefix,
  inflatePayload,
  joinFile,
  LARGEST_PAYLOAD_BYTES,
  type PayloadFormat,
  PREFIX_SIZE_BYTES,
} from "../base/format/payload-file.ts";
import { HEADER_SIZE_BYTES, layoutOf, type ManifestCounts } from "./layout.ts";
import { at, Manifest } from "./manifest.ts";
import { problemOf } from "./validate.ts";

const MANIFEST_FILE: PayloadFormat = {
  magic: "BTDTMANI",
  newestVersion: 2,
  smallestPayloadBytes: HEADER_SIZE_BYTES,
  describe: (name) => `manifest ${name}`,
  damageCode: "MANIFEST_DAMAGED",
};

/** The name of a manifest file: the SHA-256 of all its bytes, 64 hexadecimal digits. */
export function manifestDigestOf(file: Uint8Array): string {
  return new Bun.SHA256().update(file).digest("hex");
}

/** @throws BtdtError SOURCE_UNSUPPORTED */
export function encodeManifest(manifest: Manifest): Buffer {
  if (manifest.payload.length > LARGEST_PAYLOAD_BYTES) {
    throw new BtdtError("SOURCE_UNSUPPORTED", "too many files for one entry", {
      hint: "an entry holds at most about twenty million files: store parts of the tree under separate keys",
    });
  }
  // Digests, most of its bytes, do not compress: a higher level would only take longer.
  return joinFile(
    encodePrefix(MANIFEST_FILE, {
      version: versionOf(manifest.counts),
      payloadBytes: manifest.payload.length,
    }),
    compressPayload(manifest.payload),
  );
}

/** How a manifest is read. */
export interface Reading {
  /** Another one, already read: what is the same in both is not checked again. */
  readonly sound?: Manifest | undefined;
  /** It will not be passed to other threads, which saves a copy. */
  readonly isPrivate?: boolean;
}

/**
 * Reads a manifest file with distrust: what it returns is known to be a well-formed tree whose names stay inside it.
 * @param name what to call the manifest in errors
 * @throws BtdtError MANIFEST_DAMAGED, CACHE_FORMAT_NEWER
 */
export function decodeManifest(file: Uint8Array, name: string, reading?: Reading): Manifest {
  return checkedManifest(inflateManifest(file, name), name, reading);
}

/** A manifest's payload, unchecked, and the format that its file states. */
export interface InflatedManifest {
  readonly version: number;
  readonly payload: Uint8Array;
}

/** @throws BtdtError MANIFEST_DAMAGED, CACHE_FORMAT_NEWER */
export function inflateManifest(file: Uint8Array, name: string): InflatedManifest {
  const { version, payloadBytes } = decodePrefix(MANIFEST_FILE, file, name);
  const payload = inflatePayload(MANIFEST_FILE, file.subarray(PREFIX_SIZE_BYTES), payloadBytes, name);
  return { version, payload };
}

/**
 * The oldest format that can express a tree, and the only one in which it may be written: versions of btdt that know
 * only format 1 would restore hard links as separate files, and take exclusive objects for missing ones.
 */
export function versionOf({ linkCount, usesExclusiveObjects }: ManifestCounts): number {
  return linkCount > 0 || usesExclusiveObjects ? 2 : 1;
}

/** Turns a payload from a cache into a manifest that can be trusted. @throws BtdtError MANIFEST_DAMAGED */
export function checkedManifest(
  { version, payload }: InflatedManifest,
  name: string,
  { sound, isPrivate = false }: Reading = {},
): Manifest {
  const buffer = isPrivate && payload.byteOffset === 0 ? payload.buffer : copyToShare(payload);
  const counts = readCounts(new Uint32Array(buffer, 0, HEADER_SIZE_BYTES / 4));
  if (counts === undefined || layoutOf(counts).sizeBytes !== payload.length) {
    throw damaged(MANIFEST_FILE, name, "its columns are inconsistent");
  }
  if (versionOf(counts) !== version) throw damaged(MANIFEST_FILE, name, `it does not need format ${version}`);
  const manifest = new Manifest(buffer, counts);
  const problem = problemOf(manifest, sound);
  if (problem !== undefined) throw damaged(MANIFEST_FILE, name, problem);
  views.set(manifest.payload, manifest);
  return manifest;
}

function copyToShare(payload: Uint8Array): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(payload.length);
  new Uint8Array(shared).set(payload);
  return shared;
}

function readCounts(header: Uint32Array): ManifestCounts | undefined {
  if (at(header, 0) > 1 || at(header, 9) > 1) return undefined;
  if (header.subarray(10).some((reserved) => reserved !== 0)) return undefined;
  return {
    isSingleFile: at(header, 0) === 1,
    directoryCount: at(header, 1),
    fileCount: at(header, 2),
    symlinkCount: at(header, 3),
    directoryNameBytes: at(header, 4),
    fileNameBytes: at(header, 5),
    symlinkNameBytes: at(header, 6),
    symlinkTargetBytes: at(header, 7),
    linkCount: at(header, 8),
    usesExclusiveObjects: at(header, 9) === 1,
  };
}

const views = new WeakMap<Uint8Array, Manifest>();

/** A view of a payload that another thread has already checked; the same one for all jobs that share it. */
export function viewManifest(payload: Uint8Array): Manifest {
  const known = views.get(payload);
  if (known !== undefined) return known;
  const counts = readCounts(new Uint32Array(payload.buffer, payload.byteOffset, HEADER_SIZE_BYTES / 4));
  if (counts === undefined) throw new BtdtError("INTERNAL", "a manifest reached a worker without its header");
  const manifest = new Manifest(payload.buffer, counts);
  views.set(payload, manifest);
  return manifest;
}
