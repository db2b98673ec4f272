import type ignore from "ignore";
import { type ByteString, textFromBytes } from "../base/byte-string.ts";
import { at, type Manifest } from "../manifest/manifest.ts";

/** What the user says about single files, in gitignore syntax, relative to the root of each tree. */
export interface ShareGlobs {
  readonly share: readonly string[];
  /** Wins where both match: linking what a tool writes is worse than copying what it does not. */
  readonly noShare: readonly string[];
}

export const NO_GLOBS: ShareGlobs = { share: [], noShare: [] };

/** Overrides marks, one byte per file: 1 where files are shared, 0 where they are not. */
export function applyGlobs(
  manifest: Manifest,
  { share, noShare }: ShareGlobs,
  names: readonly (ByteString | undefined)[],
  marks: Uint8Array,
): void {
  for (const [globs, mark] of [
    [share, 1],
    [noShare, 0],
  ] as const) {
    if (globs.length === 0) continue;
    const patterns = loadIgnore()({ ignorecase: false, allowRelativePaths: true }).add([...globs]);
    forEachPath(manifest, names, (file, path) => {
      if (patterns.ignores(path)) marks[file] = mark;
    });
  }
}

/** Most trees are stored and restored without globs. */
function loadIgnore(): typeof ignore {
  return require("ignore") as typeof ignore;
}

/** The path of a single file is its name. */
function forEachPath(
  manifest: Manifest,
  names: readonly (ByteString | undefined)[],
  onPath: (file: number, path: string) => void,
): void {
  const { directoryCount, isSingleFile } = manifest.counts;
  if (isSingleFile) {
    const given = names.findLast((name) => name !== undefined) ?? "";
    const name = textFromBytes(given.slice(given.lastIndexOf("/") + 1) as ByteString);
    if (name !== "") onPath(0, name);
    return;
  }
  for (let directory = 0; directory < directoryCount; directory++) {
    const path = directory === 0 ? "" : `${textFromBytes(manifest.directoryPath(directory))}/`;
    const endFile = at(manifest.directoryFileEnds, directory);
    for (let file = manifest.firstFileOf(directory); file < endFile; file++) {
      onPath(file, path + textFromBytes(manifest.fileName(file)));
    }
  }
}
