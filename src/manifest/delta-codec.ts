import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import {
  compressPayload,
  damaged,
  decodePrefix,
  encodePrefix,
  hasMagic,
  inflatePayload,
  type PayloadFormat,
  PREFIX_SIZE_BYTES,
} from "../base/format/payload-file.ts";
import { loadZlib } from "../base/load-zlib.ts";
import { checkedManifest, inflateManifest, type Reading, versionOf } from "./codec.ts";
import { HEADER_SIZE_BYTES } from "./layout.ts";
import type { Manifest } from "./manifest.ts";

const DELTA_FILE: PayloadFormat = {
  magic: "BTDTMDLT",
  newestVersion: 2,
  smallestPayloadBytes: HEADER_SIZE_BYTES,
  describe: (name) => `manifest ${name}`,
  damageCode: "MANIFEST_DAMAGED",
};

const HEAD_SIZE_BYTES = PREFIX_SIZE_BYTES + DIGEST_SIZE_BYTES;

/** The manifest that a delta is based on. */
export interface BaseManifest {
  /** SHA-256 of its file, 64 hexadecimal digits. */
  readonly digest: string;
  readonly payload: Uint8Array;
}

/**
 * @param file a file whose digest has been checked; must not be a delta
 * @throws BtdtError MANIFEST_DAMAGED, CACHE_FORMAT_NEWER
 */
export function readBaseManifest(file: Uint8Array, digest: string): BaseManifest {
  return { digest, payload: inflateManifest(file, digest).payload };
}

/**
 * A manifest as the difference from another one. For a tree that changed a little, it takes a hundredth of the space,
 * because nearly all digests, which do not compress, are in the other one. zstd does the work, with the base's
 * payload as the dictionary.
 */
export function encodeDelta(manifest: Manifest, base: BaseManifest): Buffer {
  const { constants } = loadZlib();
  const dictionary = base.payload;
  const reach = Math.ceil(Math.log2(manifest.payload.length + dictionary.length));
  const frame = compressPayload(manifest.payload, {
    dictionary,
    params: {
      [constants.ZSTD_c_compressionLevel]: 1,
      // The window must cover the whole base, and the hash table one place in it for each file.
      [constants.ZSTD_c_windowLog]: Math.min(LARGEST_WINDOW_LOG, Math.max(SMALLEST_LOG, reach)),
      [constants.ZSTD_c_hashLog]: Math.min(LARGEST_TABLE_LOG, Math.max(SMALLEST_LOG, reach - 3)),
    },
  });
  return Buffer.concat([
    encodePrefix(DELTA_FILE, {
      version: versionOf(manifest.counts),
      payloadBytes: manifest.payload.length,
    }),
    Buffer.from(base.digest, "hex"),
    frame,
  ]);
}

const SMALLEST_LOG = 12;
/** 128 MiB: by default, decoders accept no more. */
const LARGEST_WINDOW_LOG = 27;
/** 16 MiB of memory. */
const LARGEST_TABLE_LOG = 22;

/** The digest of the base of a manifest file; undefined if it is not a delta. */
export function baseDigestOf(file: Uint8Array): string | undefined {
  if (!hasMagic(DELTA_FILE, file) || file.length < HEAD_SIZE_BYTES) return undefined;
  return Buffer.from(file.subarray(PREFIX_SIZE_BYTES, HEAD_SIZE_BYTES)).toString("hex");
}

/**
 * @param base the manifest named by `baseDigestOf`
 * @throws BtdtError MANIFEST_DAMAGED, CACHE_FORMAT_NEWER
 */
export function decodeDelta(file: Uint8Array, name: string, base: BaseManifest, reading?: Reading): Manifest {
  const { version, payloadBytes } = decodePrefix(DELTA_FILE, file, name);
  if (baseDigestOf(file) !== base.digest) throw damaged(DELTA_FILE, name, "it is truncated");
  const frame = file.subarray(HEAD_SIZE_BYTES);
  const payload = inflatePayload(DELTA_FILE, frame, payloadBytes, name, base.payload);
  return checkedManifest({ version, payload }, name, reading);
}
