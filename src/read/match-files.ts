import { type Dirent, readdirSync, statSync } from "node:fs";
import { type ByteString, bytesFromText, escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";

/** Never entered: they change although the sources do not. */
const PRUNED_NAMES: ReadonlySet<string> = new Set([".git", "btdt-v1"]);

const GLOB_CHARACTERS = /[*?[\]{}\\]/;

/**
 * Paths of the files that match any of the patterns, without duplicates, sorted by bytes. A pattern that starts with
 * `!` excludes files that earlier patterns found. Names with a leading dot match like others; symlinks to directories
 * are not followed.
 * @throws BtdtError SOURCE_UNREADABLE, CANCELLED
 */
export function matchFiles(patterns: readonly string[], isCancelled: () => boolean): ByteString[] {
  const found = new Set<string>();
  for (const pattern of patterns) {
    if (!pattern.startsWith("!")) {
      for (const path of findMatches(normalize(pattern), isCancelled)) found.add(path);
      continue;
    }
    const excluded = new Bun.Glob(normalize(pattern.slice(1)));
    for (const path of found) if (excluded.match(path)) found.delete(path);
  }
  return Array.from(found, bytesFromText).toSorted();
}

function normalize(pattern: string): string {
  return pattern.replace(/^(?:\.\/+)+/, "").replaceAll(/\/{2,}/g, "/");
}

function findMatches(pattern: string, isCancelled: () => boolean): Iterable<string> {
  const segments = pattern.split("/");
  const globStart = segments.findIndex((segment) => GLOB_CHARACTERS.test(segment));
  if (globStart < 0) return isFile(pattern) ? [pattern] : [];
  const base = segments.slice(0, globStart).join("/");
  const start = base === "" && pattern.startsWith("/") ? "/" : base === "" ? "" : `${base}/`;
  const rest = segments.slice(globStart).join("/");
  const maxDepth = rest.includes("**") ? Number.POSITIVE_INFINITY : rest.split("/").length;
  return walk(start, new Bun.Glob(rest), maxDepth, isCancelled);
}

/** @param start ends with a slash, or is empty for the working directory */
function* walk(
  start: string,
  glob: Bun.Glob,
  maxDepth: number,
  isCancelled: () => boolean,
): Generator<string> {
  const pending: { readonly below: string; readonly depth: number }[] = [{ below: "", depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (isCancelled()) throw new BtdtError("CANCELLED", "stopped while looking for files");
    for (const entry of listEntries(start + next.below)) {
      const relative = next.below + entry.name;
      if (entry.isDirectory()) {
        if (next.depth < maxDepth && !PRUNED_NAMES.has(entry.name)) {
          pending.push({ below: `${relative}/`, depth: next.depth + 1 });
        }
      } else if (glob.match(relative) && (entry.isFile() || isFile(start + relative))) {
        yield start + relative;
      }
    }
  }
}

function listEntries(directory: string): Dirent[] {
  try {
    return readdirSync(directory === "" ? "." : directory, { withFileTypes: true });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return [];
    throw unreadable(directory, error);
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "ELOOP") return false;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): BtdtError {
  const name = escapeControls(path);
  return new BtdtError("SOURCE_UNREADABLE", `cannot read ${name}: ${reasonOf(error)}`, {
    path: name,
    cause: error,
  });
}
