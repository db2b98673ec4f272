import { type Dirent, readdirSync } from "node:fs";
import { type ByteString, bytesFromBuffer, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import type { FileKind } from "../fs/native/file-status.ts";

export interface DirectoryListing {
  /** Sorted by bytes. */
  readonly names: readonly ByteString[];
  kindOf(name: ByteString): FileKind;
}

/**
 * @param lookUpKind for names whose kind the listing does not contain
 * @throws a `node:fs` error
 */
export function listDirectory(
  directory: ByteString,
  lookUpKind: (path: ByteString) => FileKind,
): DirectoryListing {
  const kinds = new Map<ByteString, FileKind>();
  for (const entry of readdirSync(fsPath(directory), { withFileTypes: true })) {
    const kind = kindOfEntry(entry);
    // Names that are not UTF-8 arrive mangled, and some file systems do not report kinds: then the slow way is
    // needed.
    if (kind === undefined || entry.name.includes("\uFFFD")) return listNames(directory, lookUpKind);
    kinds.set(bytesFromText(entry.name), kind);
  }
  return { names: [...kinds.keys()].toSorted(compareBytes), kindOf: (name) => kinds.get(name) ?? "other" };
}

function listNames(directory: ByteString, lookUpKind: (path: ByteString) => FileKind): DirectoryListing {
  const names = readdirSync(fsPath(directory), { encoding: "buffer" }).map((name) => bytesFromBuffer(name));
  return {
    names: names.toSorted(compareBytes),
    kindOf: (name) => lookUpKind(joinBytes(directory, name)),
  };
}

function kindOfEntry(entry: Dirent): FileKind | undefined {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  if (entry.isSymbolicLink()) return "symlink";
  if (entry.isFIFO() || entry.isSocket() || entry.isCharacterDevice() || entry.isBlockDevice()) {
    return "other";
  }
  return undefined;
}

function compareBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

compileLightly(compareBytes, kindOfEntry, listDirectory);
