import type { ByteString } from "../base/byte-string.ts";
import { compileLightly, compileMethodsLightly } from "../base/compile-lightly.ts";
import type { LinkMode } from "../fs/place-file.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { type DirectoryRule, NameMatcher } from "./name-matcher.ts";
import { NAME_RULES } from "./name-rules.ts";
import { placeNames } from "./place-names.ts";
import { applyGlobs, type ShareGlobs } from "./share-globs.ts";

/** How many trees may have the inode of a file: one number per file. */
export const Sharing = {
  /** Any number: it is package contents. */
  SHARED: 0,
  /** One at a time: it is build state, too large to be copied without need. */
  EXCLUSIVE: 1,
  /** One, which shares it with nobody, the cache included: it is copied. */
  OWN: 2,
} as const;

/**
 * Build state up to this size is always copied. Smaller files are as quick to copy as to link and check, and most of what
 * tools write in place is small; of a cargo `target`, they are four fifths of the files and two hundredths of the bytes.
 */
export const LARGEST_COPIED_BYTES = 64 * 1024;

/** Set-user-ID, set-group-ID and sticky: linked, they would give away the rights of the file's owner. */
const SPECIAL_BITS = 0o7000;

/** What is known about the place of a tree. */
export interface TreePlace {
  /** Paths by which the tree is known: as the user wrote it, and as it is recorded. */
  readonly names: readonly (ByteString | undefined)[];
  readonly globs: ShareGlobs;
  /** `hard`: everything is shared. */
  readonly linkMode: LinkMode;
  /** The tree is only there to be stored: nobody writes into what the cache links from it. */
  readonly isTemporary?: boolean;
}

/**
 * Decides for each file how many trees may have its inode.
 * @param edited 1 for each file whose path is known to be edited in place
 * @returns one byte per file, see `Sharing`, in memory shared between threads
 */
export function classifyFiles(manifest: Manifest, place: TreePlace, edited: Uint8Array): Uint8Array {
  const { fileCount } = manifest.counts;
  const isPackage = place.linkMode === "hard" ? undefined : markPackages(manifest, place.names);
  if (isPackage !== undefined) applyGlobs(manifest, place.globs, place.names, isPackage);
  const small = place.isTemporary === true ? Sharing.SHARED : Sharing.OWN;
  const sharing = new Uint8Array(new SharedArrayBuffer(fileCount));
  for (let file = 0; file < fileCount; file++) {
    if (edited[file] === 1 || (at(manifest.fileModes, file) & SPECIAL_BITS) !== 0) {
      sharing[file] = Sharing.OWN;
    } else if (isPackage?.[file] === 0) {
      const isLarge = at(manifest.fileSizes, file) > LARGEST_COPIED_BYTES;
      sharing[file] = isLarge ? Sharing.EXCLUSIVE : small;
    }
  }
  // If the object were one more name, the next store could no longer tell hard links from files that share an object.
  for (const column of [manifest.linkFiles, manifest.linkTargets]) {
    for (let link = 0; link < column.length; link++) sharing[at(column, link)] = Sharing.OWN;
  }
  return sharing;
}

/** 1 for each file that is package contents by one of the tree's names, and an exception by none. */
function markPackages(manifest: Manifest, names: TreePlace["names"]): Uint8Array {
  const { fileCount } = manifest.counts;
  const known = names.flatMap((name) => (name === undefined ? [] : [placeNames(name)]));
  // The names in the tree count even if nothing is known of its place.
  if (known.length === 0) known.push([]);
  const distinct = [...new Map(known.map((path) => [path.join("/"), path])).values()];
  const marks = new Uint8Array(fileCount);
  const exceptions = new Uint8Array(fileCount);
  for (const path of distinct) {
    forEachRun(manifest, path, (kind, firstFile, endFile) => {
      (kind === "package" ? marks : exceptions).fill(1, firstFile, endFile);
    });
  }
  for (let file = 0; file < fileCount; file++) if (exceptions[file] === 1) marks[file] = 0;
  return marks;
}

const matcher = new NameMatcher(NAME_RULES);

/** Calls back for runs of files about which a rule says something. */
function forEachRun(
  manifest: Manifest,
  path: readonly ByteString[],
  onRun: (kind: DirectoryRule["kind"], firstFile: number, endFile: number) => void,
): void {
  const { directoryCount, isSingleFile } = manifest.counts;
  // The last name of a single file's path is its own.
  const above = isSingleFile ? path.slice(0, -1) : path;
  const rules: (DirectoryRule | undefined)[] = [];
  let directory = 0;
  const nameAbove = (levels: number): ByteString | undefined => {
    let from = directory;
    let rest = levels;
    for (; rest > 0 && from > 0; rest--) from = at(manifest.directoryParents, from);
    return from > 0 ? manifest.directoryName(from) : above.at(-1 - rest);
  };
  for (; directory < directoryCount; directory++) {
    const inherited = directory === 0 ? ruleAbove(above) : rules[at(manifest.directoryParents, directory)];
    const rule = matcher.ruleFor(nameAbove) ?? inherited;
    rules.push(rule);
    if (rule === undefined) continue;
    const firstFile = manifest.firstFileOf(directory);
    const endFile = at(manifest.directoryFileEnds, directory);
    if (firstFile === endFile) continue;
    onRun(rule.kind, firstFile, endFile);
    const findException = rule.kind === "package" ? matcher.exceptionsIn(nameAbove, rule) : undefined;
    if (findException === undefined) continue;
    for (let file = firstFile; file < endFile; file++) {
      const name = isSingleFile ? (path.at(-1) ?? ("" as ByteString)) : manifest.fileName(file);
      const exception = findException(name);
      if (exception === undefined) continue;
      onRun("build", file, file + 1);
      if (exception.marksDirectory) rules[directory] = { ...rule, kind: "build" };
    }
    if (rules[directory] !== rule) onRun("build", firstFile, endFile);
  }
}

/** The innermost rule for the directories that contain the last one of a path. */
function ruleAbove(path: readonly ByteString[]): DirectoryRule | undefined {
  let rule: DirectoryRule | undefined;
  for (let end = 1; end < path.length; end++) {
    rule = matcher.ruleFor((levels) => (levels < end ? path[end - 1 - levels] : undefined)) ?? rule;
  }
  return rule;
}

compileLightly(classifyFiles, forEachRun, markPackages);
compileMethodsLightly(NameMatcher);
