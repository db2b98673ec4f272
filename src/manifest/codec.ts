import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { BtdtError } from "../base/errors.ts";
import { HEADER_SIZE_BYTES, layoutOf, type ManifestCounts } from "./layout.ts";
import { at, Manifest } from "./manifest.ts";
import { problemOf } from "./validate.ts";

/**
 * A manifest file: 8 bytes of magic, the format version and the payload's size as 32-bit little-endian
 * numbers, then the payload as one zstd frame. See `docs/format.md`.
 */
const MAGIC = Buffer.from("BTDTMANI", "latin1");
const FORMAT_VERSION = 1;
const PREFIX_SIZE_BYTES = 16;

/** Twenty million files; more is taken for damage rather than for a reason to allocate. */
const LARGEST_PAYLOAD_BYTES = 2 ** 31 - 1;

const LARGEST_CHUNK_BYTES = 64 * 1024 * 1024;

/** @throws BtdtError SOURCE_UNSUPPORTED */
export function encodeManifest(manifest: Manifest): Buffer {
  if (manifest.payload.length > LARGEST_PAYLOAD_BYTES) {
    throw new BtdtError("SOURCE_UNSUPPORTED", "there are too many files for one entry", {
      hint: "an entry has room for about twenty million files: store parts of the tree under keys of their own",
    });
  }
  const prefix = Buffer.alloc(PREFIX_SIZE_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(FORMAT_VERSION, 8);
  prefix.writeUInt32LE(manifest.payload.length, 12);
  // Digests, the bulk of it, do not compress: a higher level would only take longer.
  return Buffer.concat([prefix, zstdCompressSync(manifest.payload)]);
}

/**
 * Reads a manifest file with distrust: what it answers has been checked to be a well-formed tree whose names
 * stay inside it.
 * @param name what to call the manifest in an error
 * @throws BtdtError MANIFEST_DAMAGED, CACHE_FORMAT_NEWER
 */
export function decodeManifest(file: Uint8Array, name: string): Manifest {
  const damaged = (what: string, cause?: unknown): BtdtError =>
    new BtdtError("MANIFEST_DAMAGED", `manifest ${name} is damaged: ${what}`, { path: name, cause });

  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < PREFIX_SIZE_BYTES) throw damaged("it is truncated");
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged("it does not begin like a manifest");
  const version = bytes.readUInt32LE(8);
  if (version > FORMAT_VERSION) {
    throw new BtdtError(
      "CACHE_FORMAT_NEWER",
      `manifest ${name} has format ${version}; this btdt reads up to ${FORMAT_VERSION}`,
      {
        path: name,
        hint: "use the btdt version that wrote the cache, or another cache directory",
      },
    );
  }
  if (version !== FORMAT_VERSION) throw damaged(`its format version is ${version}`);
  const payloadBytes = bytes.readUInt32LE(12);
  if (payloadBytes < HEADER_SIZE_BYTES || payloadBytes > LARGEST_PAYLOAD_BYTES)
    throw damaged("its size is out of range");

  let payload: Buffer;
  try {
    // The bound holds against a frame that inflates to more than it may; the chunk spares it growing piece by piece, and is
    // not as large as a damaged size might say.
    payload = zstdDecompressSync(bytes.subarray(PREFIX_SIZE_BYTES), {
      maxOutputLength: payloadBytes,
      chunkSize: Math.min(payloadBytes, LARGEST_CHUNK_BYTES),
    });
  } catch (error) {
    throw damaged("it does not decompress", error);
  }
  if (payload.length !== payloadBytes) throw damaged("its size is not what it states");

  const shared = new SharedArrayBuffer(payloadBytes);
  new Uint8Array(shared).set(payload);
  const counts = readCounts(new Uint32Array(shared, 0, HEADER_SIZE_BYTES / 4));
  if (counts === undefined || layoutOf(counts).sizeBytes !== payloadBytes)
    throw damaged("its columns do not add up");
  const manifest = new Manifest(shared, counts);
  const problem = problemOf(manifest);
  if (problem !== undefined) throw damaged(problem);
  views.set(manifest.payload, manifest);
  return manifest;
}

function readCounts(header: Uint32Array): ManifestCounts | undefined {
  if (at(header, 0) > 1 || header.subarray(8).some((reserved) => reserved !== 0)) return undefined;
  return {
    isSingleFile: at(header, 0) === 1,
    directoryCount: at(header, 1),
    fileCount: at(header, 2),
    symlinkCount: at(header, 3),
    directoryNameBytes: at(header, 4),
    fileNameBytes: at(header, 5),
    symlinkNameBytes: at(header, 6),
    symlinkTargetBytes: at(header, 7),
  };
}

const views = new WeakMap<Uint8Array, Manifest>();

/** A view of a payload that another thread has checked already; one and the same for all jobs that share it. */
export function viewManifest(payload: Uint8Array): Manifest {
  const known = views.get(payload);
  if (known !== undefined) return known;
  const counts = readCounts(new Uint32Array(payload.buffer, payload.byteOffset, HEADER_SIZE_BYTES / 4));
  if (counts === undefined) throw new BtdtError("INTERNAL", "a manifest reached a worker without its header");
  const manifest = new Manifest(payload.buffer, counts);
  views.set(payload, manifest);
  return manifest;
}
