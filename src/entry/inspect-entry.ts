import { type ByteString, escapeControls, textFromBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { KeyRecord } from "../key/key-record.ts";
import { treeNames } from "../key/tree-names.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { type FoundEntry, findEntry } from "./find-entry.ts";

export interface InspectedFile {
  readonly kind: "file" | "directory" | "symlink";
  /** Relative to the root of its tree; `.` for the root itself, or if the tree is a single file. */
  readonly path: string;
  /** Undefined for symlinks, which have no mode. */
  readonly mode?: number;
  readonly sizeBytes?: number;
  readonly digest?: string;
  readonly target?: string;
  readonly mtimeMs: number;
}

export interface InspectedEntry {
  readonly record: KeyRecord;
  readonly trees: readonly { readonly name: string; readonly files: readonly InspectedFile[] }[];
}

/**
 * All files of an entry, sorted by path.
 * @param belowNames whether paths start with the name of their tree
 */
export function filesOfEntry({ trees }: InspectedEntry, belowNames: boolean): InspectedFile[] {
  const files = trees.flatMap((tree) => {
    return belowNames
      ? tree.files.map((file) => ({ ...file, path: named(tree.name, file.path) }))
      : tree.files;
  });
  return files.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

function named(name: string, path: string): string {
  if (path === "." || name === ".") return path === "." ? name : path;
  return `${name}/${path}`;
}

/**
 * The contents of an entry; undefined if there is no such key. @throws BtdtError KEY_DAMAGED, CACHE_NOT_ACCESSIBLE,
 * CACHE_FORMAT_NEWER
 */
export async function inspectEntry(cache: CacheDirectory, key: string): Promise<InspectedEntry | undefined> {
  return describeContents(key, await findEntry(cache, key));
}

/** The same of what was found under a key. @throws BtdtError KEY_DAMAGED, CACHE_NOT_ACCESSIBLE */
export function describeContents(key: string, found: FoundEntry): InspectedEntry | undefined {
  switch (found.kind) {
    case "missing":
      return undefined;
    case "unreadable":
      throw new BtdtError(
        "CACHE_NOT_ACCESSIBLE",
        `cannot read the entry of key ${escapeControls(key)}: ${found.reason}`,
      );
    case "refused":
    case "damaged":
      throw new BtdtError(
        "KEY_DAMAGED",
        `the entry of key ${escapeControls(key)} cannot be used: ${found.reason}`,
        {
          hint: "a restore treats it as a miss; store it again",
        },
      );
    case "found": {
      const names = treeNames(found.record.trees);
      return {
        record: found.record,
        trees: found.trees.map(({ manifest }, index) => {
          return { name: names[index] ?? "", files: [...filesOf(manifest)] };
        }),
      };
    }
  }
}

function* filesOf(manifest: Manifest): Generator<InspectedFile> {
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++) {
    const parent = manifest.directoryPath(directory);
    if (!manifest.counts.isSingleFile) {
      yield {
        kind: "directory",
        path: textOf(parent),
        mode: at(manifest.directoryModes, directory),
        mtimeMs: at(manifest.directoryMtimeSeconds, directory) * 1000,
      };
    }
    const fileEnd = at(manifest.directoryFileEnds, directory);
    for (let file = manifest.firstFileOf(directory); file < fileEnd; file++) {
      yield {
        kind: "file",
        path: textOf(below(parent, manifest.fileName(file))),
        mode: at(manifest.fileModes, file),
        sizeBytes: at(manifest.fileSizes, file),
        digest: manifest.digestHex(file),
        mtimeMs: at(manifest.fileMtimeSeconds, file) * 1000,
      };
    }
    const symlinkEnd = at(manifest.directorySymlinkEnds, directory);
    for (let symlink = manifest.firstSymlinkOf(directory); symlink < symlinkEnd; symlink++) {
      yield {
        kind: "symlink",
        path: textOf(below(parent, manifest.symlinkName(symlink))),
        target: textFromBytes(manifest.symlinkTarget(symlink)),
        mtimeMs: at(manifest.symlinkMtimeSeconds, symlink) * 1000,
      };
    }
  }
}

function below(parent: ByteString, name: ByteString): ByteString {
  return (parent === "" ? name : `${parent}/${name}`) as ByteString;
}

function textOf(path: ByteString): string {
  return path === "" ? "." : textFromBytes(path);
}
