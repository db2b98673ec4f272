import { closeSync, constants } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import { errnoOf } from "../../fs/errno.ts";
import { readFullyAt } from "../../fs/positioned-io.ts";
import { openRegularFile } from "../../fs/regular-file.ts";
import { isPackHeader } from "../format/index-codec.ts";
import { PACK_HEADER_BYTES } from "../format/index-layout.ts";

export type OpenedPack = { readonly kind: "open"; readonly descriptor: number } | PackProblem;

/** Why nothing in a pack can be read. */
export type PackProblem =
  /** A clean has deleted it since its index was read. */
  | { readonly kind: "gone" }
  /** What has its name is not the pack that its index describes. */
  | { readonly kind: "damaged" }
  /** The attempt failed, which says nothing about the pack. */
  | { readonly kind: "unreadable"; readonly errno: string };

/** Opens a pack; the caller closes it. @param nonce the one in the pack's index */
export function openPack(path: ByteString, nonce: Uint8Array): OpenedPack {
  let descriptor = -1;
  let isOpen = false;
  try {
    descriptor = openRegularFile(path, constants.O_RDONLY);
    const header = new Uint8Array(PACK_HEADER_BYTES);
    isOpen = readFullyAt(descriptor, header, 0) && isPackHeader(header, nonce);
    return isOpen ? { kind: "open", descriptor } : { kind: "damaged" };
  } catch (error) {
    return classifyPackFailure(error);
  } finally {
    if (descriptor >= 0 && !isOpen) closeSync(descriptor);
  }
}

/** The meaning of an error from opening or reading a file of a pack; anything but a `node:fs` error is thrown. */
export function classifyPackFailure(error: unknown): PackProblem {
  const errno = errnoOf(error);
  switch (errno) {
    case undefined:
      throw error;
    case "ENOENT":
      return { kind: "gone" };
    // Something other than a file is in its place, or something other than a directory in place of the pack.
    case "EFTYPE":
    case "ENOTDIR":
      return { kind: "damaged" };
    default:
      return { kind: "unreadable", errno };
  }
}
