import type { ByteString } from "../base/byte-string.ts";
import type { ArchiveEntry } from "./archive-entry.ts";
import { refusedEntry } from "./archive-errors.ts";

const LONGEST_NAME_BYTES = 255;

/** What an archive has at a path; `implied` is a directory that is only part of the paths of other entries. */
export type KnownKind = "file" | "directory" | "symlink" | "implied";

/** Without "." components; empty for the root. @throws BtdtError ARCHIVE_INVALID for a path that would escape */
export function normalizePath(given: ByteString): ByteString {
  const parts = given.split("/").filter((part) => part !== ".");
  if (parts.join("") === "" && !given.startsWith("/")) return "" as ByteString;
  if (given.includes("\0") || parts.some((part) => part === "" || part === "..")) {
    throw refusedEntry(given, "would escape from its directory");
  }
  if (parts.some((part) => part.length > LONGEST_NAME_BYTES))
    throw refusedEntry(given, "has a name that is too long");
  return parts.join("/") as ByteString;
}

/** All directories above a path, starting with the root's child. */
export function listAncestors(path: ByteString): ByteString[] {
  const ancestors: ByteString[] = [];
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    ancestors.push(path.slice(0, slash) as ByteString);
  }
  return ancestors;
}

/** 0 for the root. */
export function depthOf(path: ByteString): number {
  return path === "" ? 0 : path.split("/").length;
}

/**
 * Where a symlink points to is data: nothing in an archive is extracted through one.
 * @param path normalised
 * @throws BtdtError ARCHIVE_INVALID
 */
export function assertHasTarget(path: ByteString, target: ByteString): void {
  if (target === "" || target.includes("\0")) throw refusedEntry(path, "is a symlink without a target");
}

/**
 * A path may be used only once, except for that of a directory: tools that add to an archive list it again.
 * @throws BtdtError ARCHIVE_INVALID
 */
export function assertUnused(
  path: ByteString,
  known: KnownKind | undefined,
  kind: ArchiveEntry["kind"],
): void {
  const isDirectory = known === "implied" || known === "directory";
  if (known === undefined || (isDirectory && kind === "directory")) return;
  throw refusedEntry(path, "is in it twice");
}
