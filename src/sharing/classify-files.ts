import type { ByteString } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import type { LinkMode } from "../fs/link-mode.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { type DirectoryRule, type NamedRules, NameMatcher } from "./name-matcher.ts";
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

/** How many names an inode may have at most if it is linked: those in one tree, and its object's. */
export function mostNamesOf(sharing: number, namesInTree: number): number {
  switch (sharing) {
    case Sharing.SHARED:
      return Number.POSITIVE_INFINITY;
    case Sharing.EXCLUSIVE:
      return namesInTree + 1;
    default:
      return 0;
  }
}

/**
 * Build state up to this size is always copied. Smaller files are as quick to copy as to link and check, and most of
 * what tools write in place is small; of a cargo `target`, they are four fifths of the files and two hundredths of the
 * bytes.
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
  const sharing = new Uint8Array(new SharedArrayBuffer(manifest.counts.fileCount));
  if (place.linkMode !== "hard") {
    const isPackage = markPackages(manifest, place.names);
    applyGlobs(manifest, place.globs, place.names, isPackage);
    markBuildState(manifest, isPackage, place.isTemporary === true ? Sharing.SHARED : Sharing.OWN, sharing);
  }
  for (let file = edited.indexOf(1); file >= 0; file = edited.indexOf(1, file + 1)) {
    sharing[file] = Sharing.OWN;
  }
  markSpecialFiles(manifest.fileModes, sharing);
  markHardLinks(manifest, sharing);
  return sharing;
}

/**
 * A file with several names is exclusive if all of them are, else its tree's own. It is never shared: names of an inode
 * that several trees have cannot be told from equal files that share an object.
 */
function markHardLinks({ linkFiles, linkTargets }: Manifest, sharing: Uint8Array): void {
  for (let link = 0; link < linkFiles.length; link++) {
    const target = at(linkTargets, link);
    if (sharing[at(linkFiles, link)] !== Sharing.EXCLUSIVE || sharing[target] !== Sharing.EXCLUSIVE)
      sharing[target] = Sharing.OWN;
  }
  for (let link = 0; link < linkFiles.length; link++) {
    sharing[at(linkFiles, link)] = at(sharing, at(linkTargets, link));
  }
}

function markBuildState(manifest: Manifest, isPackage: Uint8Array, small: number, sharing: Uint8Array): void {
  const { fileSizes } = manifest;
  for (let file = isPackage.indexOf(0); file >= 0; file = isPackage.indexOf(0, file + 1)) {
    sharing[file] = at(fileSizes, file) > LARGEST_COPIED_BYTES ? Sharing.EXCLUSIVE : small;
  }
}

/** The only loop over all files of a tree of packages; it runs before anything is compiled. */
function markSpecialFiles(modes: Uint16Array, sharing: Uint8Array): void {
  for (let file = 0; file < modes.length; file++) {
    if (((modes[file] ?? 0) & SPECIAL_BITS) !== 0) sharing[file] = Sharing.OWN;
  }
}

/** 1 for each file that is package contents by one of the tree's names, and an exception by none. */
function markPackages(manifest: Manifest, names: TreePlace["names"]): Uint8Array {
  const known = names.flatMap((name) => (name === undefined ? [] : [placeNames(name)]));
  // The names in the tree count even if nothing is known of its place.
  if (known.length === 0) known.push([]);
  const distinct = [...new Map(known.map((path) => [path.join("/"), path])).values()];
  const marks = new Uint8Array(manifest.counts.fileCount);
  const named = matcher.lookUpDirectories(manifest);
  const runs = distinct.flatMap((path) => listRuns(manifest, path, named));
  for (const kind of ["package", "build"] as const) {
    for (const run of runs) {
      if (run.kind === kind) marks.fill(kind === "package" ? 1 : 0, run.firstFile, run.endFile);
    }
  }
  return marks;
}

const matcher = new NameMatcher(NAME_RULES);

/** Consecutive files about which rules say the same. */
interface Run {
  readonly kind: DirectoryRule["kind"];
  readonly firstFile: number;
  endFile: number;
}

function listRuns(
  manifest: Manifest,
  path: readonly ByteString[],
  named: readonly (NamedRules | undefined)[],
): Run[] {
  const { directoryParents, directoryFileEnds } = manifest;
  const { directoryCount, isSingleFile } = manifest.counts;
  // The last name of a single file's path is its own.
  const above = isSingleFile ? path.slice(0, -1) : path;
  const ofRoot = matcher.lookUp(above.at(-1));
  const runs: Run[] = [];
  const rules: (DirectoryRule | undefined)[] = [];
  // A variable that a closure captures is slower: the loop has its own.
  let innermost = 0;
  const nameAbove = (levels: number): ByteString | undefined => {
    let from = innermost;
    let rest = levels;
    for (; rest > 0 && from > 0; rest--) from = at(directoryParents, from);
    return from > 0 ? manifest.directoryName(from) : above.at(-1 - rest);
  };
  let firstFile = 0;
  let endFile = 0;
  for (let directory = 0; directory < directoryCount; directory++) {
    firstFile = endFile;
    endFile = directoryFileEnds[directory] ?? 0;
    const parent = directoryParents[directory] ?? 0;
    const own = directory === 0 ? ofRoot : named[directory];
    let ofParent = parent === 0 ? ofRoot : named[parent];
    if (directory === 0) ofParent = matcher.lookUp(above.at(-2));
    let rule = directory === 0 ? ruleAbove(above) : rules[parent];
    if (own !== undefined || ofParent !== undefined) {
      innermost = directory;
      rule = matcher.ruleFor(own, ofParent, nameAbove) ?? rule;
    }
    rules.push(rule);
    if (rule === undefined) continue;
    addRun(runs, rule.kind, firstFile, endFile);
    if (rule.kind !== "package" || (own === undefined && rule.files.length === 0)) continue;
    innermost = directory;
    const findException = matcher.exceptionsIn(own, rule, nameAbove);
    if (findException === undefined) continue;
    for (let file = firstFile; file < endFile; file++) {
      const name = isSingleFile ? (path.at(-1) ?? ("" as ByteString)) : manifest.fileName(file);
      const exception = findException(name);
      if (exception !== undefined) addRun(runs, "build", file, file + 1);
      if (exception?.marksDirectory === true) rules[directory] = { ...rule, kind: "build" };
    }
    if (rules[directory] !== rule) addRun(runs, "build", firstFile, endFile);
  }
  return runs;
}

function addRun(runs: Run[], kind: Run["kind"], firstFile: number, endFile: number): void {
  const last = runs.at(-1);
  if (last?.kind === kind && last.endFile === firstFile) last.endFile = endFile;
  else if (endFile > firstFile) runs.push({ kind, firstFile, endFile });
}

/** The innermost rule for the directories that contain the last one of a path. */
function ruleAbove(path: readonly ByteString[]): DirectoryRule | undefined {
  let rule: DirectoryRule | undefined;
  for (let end = 1; end < path.length; end++) {
    const nameAbove = (levels: number): ByteString | undefined =>
      levels < end ? path[end - 1 - levels] : undefined;
    const [own, parent] = [matcher.lookUp(nameAbove(0)), matcher.lookUp(nameAbove(1))];
    rule = matcher.ruleFor(own, parent, nameAbove) ?? rule;
  }
  return rule;
}

compileLightly(classifyFiles, listRuns, markBuildState, markHardLinks, markPackages, markSpecialFiles);
