import { constants, zstdCompressSync } from "node:zlib";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import {
  damaged,
  decodePrefix,
  encodePrefix,
  hasMagic,
  inflatePayload,
  type PayloadFormat,
  PREFIX_SIZE_BYTES,
} from "../base/format/payload-file.ts";
import { checkedManifest, inflateManifest } from "./codec.ts";
import { HEADER_SIZE_BYTES } from "./layout.ts";
import type { Manifest } from "./manifest.ts";

const DELTA_FILE: PayloadFormat = {
  magic: "BTDTMDLT",
  version: 1,
  smallestPayloadBytes: HEADER_SIZE_BYTES,
  describe: (name) => `manifest ${name}`,
  damageCode: "MANIFEST_DAMAGED",
};

const HEAD_SIZE_BYTES = PREFIX_SIZE_BYTES + DIGEST_SIZE_BYTES;

/** A manifest that a delta is made against. */
export interface BaseManifest {
  /** SHA-256 of its file, 64 hexadecimal digits. */
  readonly digest: string;
  readonly payload: Uint8Array;
}

/**
 * @param file its digest has been checked; a delta is not accepted
 * @throws BtdtError MANIFEST_DAMAGED, CACHE_FORMAT_NEWER
 */
export function readBaseManifest(file: Uint8Array, digest: string): BaseManifest {
  return { digest, payload: inflateManifest(file, digest) };
}

/**
 * A manifest as its difference to another one: of a tree that changed a little it takes a hundredth of the room, because the
 * digests, which do not compress, are nearly all in the other one. zstd does the work, with the base's payload as the
 * dictionary.
 */
export function encodeDelta(manifest: Manifest, base: BaseManifest): Buffer {
  const dictionary = base.payload;
  const reach = Math.ceil(Math.log2(manifest.payload.length + dictionary.length));
  const frame = zstdCompressSync(manifest.payload, {
    dictionary,
    params: {
      [constants.ZSTD_c_compressionLevel]: 1,
      // The window has to reach back over all of the base, and the table to know about one place in it for each file.
      [constants.ZSTD_c_windowLog]: Math.min(LARGEST_WINDOW_LOG, Math.max(SMALLEST_LOG, reach)),
      [constants.ZSTD_c_hashLog]: Math.min(LARGEST_TABLE_LOG, Math.max(SMALLEST_LOG, reach - 3)),
    },
  });
  return Buffer.concat([
    encodePrefix(DELTA_FILE, manifest.payload.length),
    Buffer.from(base.digest, "hex"),
    frame,
  ]);
}

const SMALLEST_LOG = 12;
/** 128 MiB: a decoder accepts no more unless it is told to. */
const LARGEST_WINDOW_LOG = 27;
/** 16 MiB of memory. */
const LARGEST_TABLE_LOG = 22;

/** The digest of the manifest file that a manifest file was made against; undefined for one that stands alone. */
export function baseDigestOf(file: Uint8Array): string | undefined {
  if (!hasMagic(DELTA_FILE, file) || file.length < HEAD_SIZE_BYTES) return undefined;
  return Buffer.from(file.subarray(PREFIX_SIZE_BYTES, HEAD_SIZE_BYTES)).toString("hex");
}

/**
 * @param base the one that `baseDigestOf` asks for
 * @throws BtdtError MANIFEST_DAMAGED, CACHE_FORMAT_NEWER
 */
export function decodeDelta(file: Uint8Array, name: string, base: BaseManifest): Manifest {
  const payloadBytes = decodePrefix(DELTA_FILE, file, name);
  if (baseDigestOf(file) !== base.digest) throw damaged(DELTA_FILE, name, "it is truncated");
  const frame = file.subarray(HEAD_SIZE_BYTES);
  return checkedManifest(inflatePayload(DELTA_FILE, frame, payloadBytes, name, base.payload), name);
}
