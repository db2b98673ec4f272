import { type Dirent, readdirSync } from "node:fs";
import { type ByteString, bytesFromBuffer, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import type { FileKind } from "../fs/native/file-status.ts";

export interface DirectoryListing {
  /** Sorted by bytes. */
  readonly names: readonly ByteString[];
  /** Of the name at this position. */
  kindAt(position: number): FileKind;
}

/**
 * @param lookUpKind for names whose kind the listing does not contain
 * @throws a `node:fs` error
 */
export function listDirectory(
  directory: ByteString,
  lookUpKind: (path: ByteString) => FileKind,
): DirectoryListing {
  const children: { readonly name: ByteString; readonly kind: FileKind }[] = [];
  for (const entry of readdirSync(fsPath(directory), { withFileTypes: true })) {
    const kind = kindOfEntry(entry);
    // Names that are not UTF-8 arrive mangled, and some file systems do not report kinds: then the slow way is
    // needed.
    if (kind === undefined || entry.name.includes("\uFFFD")) return listNames(directory, lookUpKind);
    children.push({ name: bytesFromText(entry.name), kind });
  }
  children.sort((left, right) => compareBytes(left.name, right.name));
  return {
    names: children.map(({ name }) => name),
    kindAt: (position) => children[position]?.kind ?? "other",
  };
}

function listNames(directory: ByteString, lookUpKind: (path: ByteString) => FileKind): DirectoryListing {
  const names = readdirSync(fsPath(directory), { encoding: "buffer" })
    .map((name) => bytesFromBuffer(name))
    .toSorted(compareBytes);
  return { names, kindAt: (position) => lookUpKind(joinBytes(directory, names[position] as ByteString)) };
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
