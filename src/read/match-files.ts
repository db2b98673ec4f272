import { statSync } from "node:fs";
import { type ByteString, bytesFromText, display, fsPath, textFromBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { Pause } from "../base/pause.ts";
import { isStagingName } from "../base/staging-name.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { type FileKind, lstat } from "../fs/native/file-status.ts";
import { type DirectoryListing, listDirectory } from "./list-directory.ts";

/** Never entered: they change although the sources do not. */
const PRUNED_NAMES: ReadonlySet<string> = new Set([".git", "btdt-v1"]);

const GLOB_CHARACTERS = /[*?[\]{}\\]/;

const NOTHING: DirectoryListing = { names: [], kindAt: () => "other" };

/**
 * Paths of the files that match any of the patterns, without duplicates, sorted by bytes. A pattern that starts with
 * `!` excludes files that earlier patterns found; a directory whose contents it excludes (`!dir/**`) need not be
 * readable. Names with a leading dot match like others; symlinks to directories are not followed, and what killed
 * restores left is skipped. In names that are not UTF-8, U+FFFD stands for the wrong bytes.
 * @param pause called now and then
 * @throws BtdtError SOURCE_UNREADABLE, and whatever `pause` throws
 */
export async function matchFiles(patterns: readonly string[], pause: Pause): Promise<ByteString[]> {
  const found = new Set<ByteString>();
  for (const [index, pattern] of patterns.entries()) {
    if (pattern.startsWith("!")) {
      const excluded = new Bun.Glob(normalize(pattern.slice(1)));
      for (const path of found) if (excluded.match(textFromBytes(path))) found.delete(path);
      continue;
    }
    const isPruned = findPruned(patterns.slice(index + 1));
    for (const path of findMatches(normalize(pattern), isPruned)) {
      if (path !== undefined) found.add(path);
      await pause();
    }
  }
  return [...found].toSorted();
}

function normalize(pattern: string): string {
  return pattern.replace(/^(?:\.\/+)+/, "").replaceAll(/\/{2,}/g, "/");
}

type IsPruned = (directory: string) => boolean;

/** Whether later patterns exclude everything below a directory, so that nothing in it matters. */
function findPruned(laterPatterns: readonly string[]): IsPruned {
  const globs = laterPatterns.flatMap((pattern) => {
    const [, directory] = /^!(.+?)\/\*\*(?:\/\*)?$/.exec(pattern) ?? [];
    return directory === undefined ? [] : [new Bun.Glob(normalize(directory))];
  });
  return (directory) => globs.some((glob) => glob.match(directory));
}

/** Yields undefined now and then, so that the caller can handle signals. */
function findMatches(pattern: string, isPruned: IsPruned): Iterable<ByteString | undefined> {
  const segments = pattern.split("/");
  const globStart = segments.findIndex((segment) => GLOB_CHARACTERS.test(segment));
  const directoryCount = globStart < 0 ? segments.length - 1 : globStart;
  for (let length = 1; length <= directoryCount; length++) {
    if (isPruned(segments.slice(0, length).join("/"))) return [];
  }
  if (globStart < 0) {
    const path = bytesFromText(pattern);
    return isFile(path) ? [path] : [];
  }
  const base = segments.slice(0, globStart).join("/");
  const start = base === "" && pattern.startsWith("/") ? "/" : base === "" ? "" : `${base}/`;
  const rest = segments.slice(globStart).join("/");
  const maxDepth = rest.includes("**") ? Number.POSITIVE_INFINITY : rest.split("/").length;
  return walk(bytesFromText(start), new Bun.Glob(rest), { maxDepth, isPruned });
}

interface Walk {
  readonly maxDepth: number;
  readonly isPruned: IsPruned;
}

/** @param start ends with a slash, or is empty for the working directory */
function* walk(
  start: ByteString,
  glob: Bun.Glob,
  { maxDepth, isPruned }: Walk,
): Generator<ByteString | undefined> {
  const pending: { readonly below: string; readonly depth: number }[] = [{ below: "", depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield undefined;
    const listing = listOrNothing((start + next.below) as ByteString);
    for (const [position, name] of listing.names.entries()) {
      const relative = (next.below + name) as ByteString;
      const path = (start + relative) as ByteString;
      const kind = listing.kindAt(position);
      if (kind === "directory") {
        if (next.depth === maxDepth || PRUNED_NAMES.has(name) || isStagingName(name)) continue;
        if (!isPruned(textFromBytes(path))) pending.push({ below: `${relative}/`, depth: next.depth + 1 });
      } else if (glob.match(textFromBytes(relative)) && (kind === "file" || isFile(path))) {
        yield path;
      }
    }
  }
}

function listOrNothing(directory: ByteString): DirectoryListing {
  try {
    return listDirectory(directory === "" ? ("." as ByteString) : directory, kindOf);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return NOTHING;
    throw unreadable(directory, error);
  }
}

/** What has disappeared since it was listed is no file. */
function kindOf(path: ByteString): FileKind {
  return lstat(path)?.kind ?? "other";
}

function isFile(path: ByteString): boolean {
  try {
    return statSync(fsPath(path)).isFile();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "ELOOP") return false;
    throw unreadable(path, error);
  }
}

function unreadable(path: ByteString, error: unknown): BtdtError {
  const name = display(path).replace(/(?<=.)\/$/, "") || "the working directory";
  return new BtdtError("SOURCE_UNREADABLE", `hashFiles in a key cannot read ${name}: ${reasonOf(error)}`, {
    path: name,
    hint: 'a directory is not read if a later pattern excludes all of it: hashFiles("**/*.lock", "!private/**")',
    cause: error,
  });
}
