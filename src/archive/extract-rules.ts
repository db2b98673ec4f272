import { type ByteString, display } from "../base/byte-string.ts";
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
 * `..` is allowed only at the start of a target, where it leads from one real directory to the next: after a name,
 * which may itself be a symlink, the text does not tell where it leads.
 * @param path normalised
 * @throws BtdtError ARCHIVE_INVALID for a symlink that may point outside the tree
 */
export function assertPointsInside(path: ByteString, target: ByteString): void {
  if (target === "" || target.includes("\0")) throw refusedEntry(path, "is a symlink without a target");
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const firstName = parts.findIndex((part) => part !== "..");
  const upwards = firstName < 0 ? parts.length : firstName;
  const isOutside =
    target.startsWith("/") || upwards > depthOf(path) - 1 || parts.slice(upwards).includes("..");
  if (isOutside) throw refusedEntry(path, `is a symlink that points outside: ${display(target)}`);
}

/** A path may be used only once, except for an implied directory. @throws BtdtError ARCHIVE_INVALID */
export function assertUnused(
  path: ByteString,
  known: KnownKind | undefined,
  kind: ArchiveEntry["kind"],
): void {
  if (known === undefined || (known === "implied" && kind === "directory")) return;
  throw refusedEntry(path, "is in it twice");
}
