import { chmodSync, constants, linkSync, mkdirSync, openSync, symlinkSync, writeSync } from "node:fs";
import { type ByteString, display, fsPath, joinBytes } from "../base/byte-string.ts";
import type { BtdtError } from "../base/errors.ts";
import { setAttributes } from "../fs/file-attributes.ts";
import { closeWritten } from "../fs/native/close-written.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { setMtimeBuffer } from "../fs/native/set-times.ts";
import type { ArchiveEntry } from "./format/archive-entry.ts";
import { invalid } from "./format/archive-text.ts";

const path = new PathBuffer();

/**
 * Makes the tree of an archive below a directory that is this process's own. Whoever made the archive may be hostile: names that
 * would escape, links that point outside, double names and everything that is not a file, directory or symlink are errors.
 * @throws BtdtError ARCHIVE_INVALID; a `node:fs` error
 */
export async function extract(
  entries: AsyncIterable<ArchiveEntry>,
  root: ByteString,
  onEntry: () => void,
): Promise<void> {
  mkdirSync(fsPath(root), { mode: 0o700 });
  const kinds = new Map<string, ArchiveEntry["kind"] | "implied">([["", "implied"]]);
  const directories: ArchiveEntry[] = [];
  for await (const entry of entries) {
    const name = plainPath(entry.path);
    const known = kinds.get(name);
    if (known !== undefined && !(known === "implied" && entry.kind === "directory")) {
      throw refused(entry, "is there twice");
    }
    makeParents(root, name, kinds, entry);
    const target = joinBytes(root, name);
    path.set(target);
    switch (entry.kind) {
      case "directory":
        if (known === undefined) mkdirSync(fsPath(target), { mode: 0o700 });
        directories.push({ ...entry, path: name });
        break;
      case "file":
        await writeFile(target, entry);
        setAttributes(path.set(target), entry);
        break;
      case "symlink":
        assertInside(name, entry);
        symlinkSync(fsPath(entry.target), fsPath(target));
        setMtimeBuffer(path, entry.mtimeSeconds, entry.mtimeNanoseconds);
        break;
      case "hardlink": {
        const other = plainPath(entry.target);
        if (kinds.get(other) !== "file") throw refused(entry, "is a link to what is no file of the archive");
        linkSync(fsPath(joinBytes(root, other)), fsPath(target));
        break;
      }
    }
    kinds.set(name, entry.kind === "hardlink" ? "file" : entry.kind);
    onEntry();
  }
  // Deepest first: a closed directory hides what is in it.
  for (const entry of directories.toSorted((left, right) => depthOf(right) - depthOf(left))) {
    const target = entry.path === "" ? root : joinBytes(root, entry.path);
    chmodSync(fsPath(target), entry.mode | 0o700);
    setMtimeBuffer(path.set(target), entry.mtimeSeconds, entry.mtimeNanoseconds);
  }
}

function depthOf({ path: name }: ArchiveEntry): number {
  return name === "" ? 0 : name.split("/").length;
}

/** Without "." parts. @throws BtdtError ARCHIVE_INVALID for a name that would escape */
function plainPath(given: ByteString): ByteString {
  const parts = given.split("/").filter((part) => part !== ".");
  if (parts.join("") === "" && !given.startsWith("/")) return "" as ByteString;
  if (given.includes("\0") || parts.some((part) => part === "" || part === "..")) {
    throw invalid(`the archive is refused: ${display(given)} would leave its directory`);
  }
  return parts.join("/") as ByteString;
}

function makeParents(
  root: ByteString,
  name: ByteString,
  kinds: Map<string, ArchiveEntry["kind"] | "implied">,
  entry: ArchiveEntry,
): void {
  for (let slash = name.indexOf("/"); slash >= 0; slash = name.indexOf("/", slash + 1)) {
    const parent = name.slice(0, slash) as ByteString;
    const kind = kinds.get(parent);
    if (kind === "directory" || kind === "implied") continue;
    if (kind !== undefined) throw refused(entry, "lies below what is no directory");
    mkdirSync(fsPath(joinBytes(root, parent)), { mode: 0o755 });
    kinds.set(parent, "implied");
  }
}

/**
 * `..` may only stand at the start, where it leads from one real directory to the next: behind a name, which may be a symlink
 * itself, nobody could tell from the text where it leads.
 */
function assertInside(name: ByteString, entry: ArchiveEntry): void {
  const { target } = entry;
  if (target === "" || target.includes("\0")) throw refused(entry, "is a symlink without a target");
  const depth = depthOf({ ...entry, path: name }) - 1;
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const firstName = parts.findIndex((part) => part !== "..");
  const upwards = firstName < 0 ? parts.length : firstName;
  const isOutside = target.startsWith("/") || upwards > depth || parts.slice(upwards).includes("..");
  if (isOutside) throw refused(entry, `is a symlink that points outside: ${display(target)}`);
}

async function writeFile(target: ByteString, entry: ArchiveEntry): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const descriptor = openSync(fsPath(target), flags, 0o600);
  let sizeBytes = 0;
  try {
    for await (const piece of entry.body) {
      for (let written = 0; written < piece.length; ) written += writeSync(descriptor, piece, written);
      sizeBytes += piece.length;
    }
  } finally {
    closeWritten(descriptor);
  }
  if (sizeBytes !== entry.sizeBytes) throw invalid("the archive is truncated");
}

function refused(entry: ArchiveEntry, why: string): BtdtError {
  return invalid(`the archive is refused: ${display(entry.path)} ${why}`);
}
