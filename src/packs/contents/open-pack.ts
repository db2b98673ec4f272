import { closeSync, constants, openSync } from "node:fs";
import { type ByteString, fsPath } from "../../base/byte-string.ts";
import { errnoOf } from "../../fs/errno.ts";
import { emptyStatus, fstat } from "../../fs/native/file-status.ts";
import { readFullyAt } from "../../fs/positioned-io.ts";
import { isPackHeader } from "../format/index-codec.ts";
import { PACK_HEADER_BYTES } from "../format/index-layout.ts";

export type OpenedPack =
  /** For the caller to close. */
  | { readonly kind: "open"; readonly descriptor: number }
  /** A clean has deleted it since its index was read. */
  | { readonly kind: "gone" }
  /** What bears its name is not the pack that its index describes. */
  | { readonly kind: "damaged" }
  /** The attempt failed, which says nothing about the pack. */
  | { readonly kind: "unreadable"; readonly errno: string };

/** What a path leads to is a symlink, a socket or a device, or lies below something that is no directory. */
const FOREIGN_ERRNOS: ReadonlySet<string> = new Set(["ELOOP", "ENXIO", "ENODEV", "ENOTDIR"]);

/** Opens a file of a pack; never waits for a FIFO. @param nonce the one in the pack's index */
export function openPack(path: ByteString, nonce: Uint8Array): OpenedPack {
  const opened = openPackFile(path);
  if (opened.kind !== "open") return opened;
  const { descriptor } = opened;
  let outcome: OpenedPack = { kind: "damaged" };
  try {
    const header = new Uint8Array(PACK_HEADER_BYTES);
    if (readFullyAt(descriptor, header, 0) && isPackHeader(header, nonce)) outcome = opened;
  } catch (error) {
    outcome = failureOf(error);
  }
  if (outcome.kind !== "open") closeSync(descriptor);
  return outcome;
}

/** The same for any file of a pack, whatever is in it. */
export function openPackFile(path: ByteString): OpenedPack {
  let descriptor: number;
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    descriptor = openSync(fsPath(path), flags);
  } catch (error) {
    return failureOf(error);
  }
  let outcome: OpenedPack;
  try {
    const status = emptyStatus();
    fstat(descriptor, status);
    outcome = status.kind === "file" ? { kind: "open", descriptor } : { kind: "damaged" };
  } catch (error) {
    outcome = failureOf(error);
  }
  if (outcome.kind !== "open") closeSync(descriptor);
  return outcome;
}

function failureOf(error: unknown): OpenedPack {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno === "ENOENT") return { kind: "gone" };
  return FOREIGN_ERRNOS.has(errno) ? { kind: "damaged" } : { kind: "unreadable", errno };
}
