import { readFileSync } from "node:fs";
import ignore, { type Ignore } from "ignore";
import { type ByteString, display, fsPath, joinBytes, textFromBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { reasonOf } from "../fs/errno.ts";
import { lstat } from "../fs/native/file-status.ts";
import type { WatchedPattern } from "./watched-pattern.ts";

const IGNORE_FILE_NAME = ".btdtignore" as ByteString;

const LARGEST_IGNORE_FILE_BYTES = 1024 * 1024;

/** What decides in one directory. */
export interface Rules {
  /** The directory of the last `.btdtignore` among the lines; empty for the root. */
  readonly directory: string;
  /** Lines of all files from the root down to here, relative to the root. */
  readonly lines: readonly string[];
  readonly patterns: Ignore;
}

/**
 * What a store excludes, by the rules of gitignore: the last matching pattern decides, a `.btdtignore` deeper in the
 * tree overrides one above it, and `--exclude` overrides all of them. Nothing inside an excluded directory can be
 * re-included, because the walk does not enter it.
 *
 * For a walk that visits each directory before its contents.
 */
export class IgnoreRules {
  readonly #excludes: readonly string[];
  readonly #readIgnoreFiles: boolean;
  readonly #watched: readonly WatchedPattern[];
  #onExcluded: (path: ByteString, isDirectory: boolean) => void = () => undefined;
  /** From the root down to the current directory; the last one has all lines. */
  #stack: Rules[] = [];

  /**
   * @param readIgnoreFiles whether to obey `.btdtignore` files
   * @param watched patterns that are to see all paths
   */
  constructor(
    excludePatterns: readonly string[],
    readIgnoreFiles: boolean,
    watched: readonly WatchedPattern[] = [],
  ) {
    this.#watched = watched;
    this.#excludes = excludePatterns;
    this.#readIgnoreFiles = readIgnoreFiles;
    if (excludePatterns.length > 0) this.#stack.push(this.#extend(undefined, "", []));
  }

  /** The rules of the command line alone. */
  get outermost(): Rules | undefined {
    return this.#excludes.length > 0 ? this.#stack[0] : undefined;
  }

  /** Call it for each directory before asking about its children. */
  enter(path: ByteString, absolutePath: ByteString, names: readonly ByteString[]): void {
    if (!this.#readIgnoreFiles) return;
    const directory = textFromBytes(path);
    this.#stack = this.#stack.filter(
      (rules) => rules.directory === "" || isWithin(directory, rules.directory),
    );
    const above = this.#stack.at(-1);
    const rules = this.rulesIn(above, path, absolutePath, names);
    if (rules !== undefined && rules !== above) this.#stack.push(rules);
  }

  /**
   * For directories in any order: what decides about the children of one.
   * @param above what decides in its parent
   * @throws BtdtError SOURCE_UNREADABLE; a `node:fs` error
   */
  rulesIn(
    above: Rules | undefined,
    path: ByteString,
    absolutePath: ByteString,
    names: readonly ByteString[],
  ): Rules | undefined {
    if (!this.#readIgnoreFiles || !names.includes(IGNORE_FILE_NAME)) return above;
    const text = readIgnoreFile(joinBytes(absolutePath, IGNORE_FILE_NAME));
    if (text === undefined) return above;
    const directory = textFromBytes(path);
    const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
    return this.#extend(
      above,
      directory,
      lines.flatMap((line) => rebaseLine(line, directory)),
    );
  }

  /** Calls `onExcluded` for each path that is excluded, but not for what is in an excluded directory. */
  observe(onExcluded: (path: ByteString, isDirectory: boolean) => void): void {
    this.#onExcluded = onExcluded;
  }

  ignores(path: ByteString, isDirectory: boolean): boolean {
    const rules = this.#stack.at(-1);
    if (rules === undefined) return false;
    const text = isDirectory ? `${textFromBytes(path)}/` : textFromBytes(path);
    for (const pattern of this.#watched) pattern.see(text);
    const isExcluded = rules.patterns.ignores(text);
    if (isExcluded) this.#onExcluded(path, isDirectory);
    return isExcluded;
  }

  /**
   * All patterns form one list: a pattern that re-includes a directory must re-include its contents, even if a
   * pattern in another file excludes the directory.
   */
  #extend(above: Rules | undefined, directory: string, lines: readonly string[]): Rules {
    const all = [...(above?.lines ?? []), ...lines];
    const patterns = newIgnore().add(all).add(this.#excludes);
    return { directory, lines: all, patterns };
  }
}

/** Whether a directory is excluded, without telling anyone. */
export function excludesDirectory(rules: Rules | undefined, path: ByteString): boolean {
  return rules?.patterns.ignores(`${textFromBytes(path)}/`) === true;
}

/** A line of a directory's `.btdtignore`, as it would be written in the root's; none if it has no pattern. */
function rebaseLine(line: string, directory: string): string[] {
  if (directory === "") return [line];
  if (line.startsWith("#")) return [];
  const mark = line.startsWith("!") ? "!" : "";
  const pattern = line.slice(mark.length).replace(/(?<!\\)\s+$/, "");
  const relative = pattern.replace(/^\//, "");
  if (relative === "") return [];
  // Only a pattern with a slash before its end is anchored to the directory; others match at any depth.
  const isAnchored = pattern.slice(0, -1).includes("/");
  const literal = directory.replaceAll(/[\\*?[\]]/g, String.raw`\$&`);
  return [`${mark}/${literal}/${isAnchored ? "" : "**/"}${relative}`];
}

function newIgnore(): Ignore {
  return ignore({ ignorecase: false, allowRelativePaths: true });
}

function isWithin(directory: string, ancestor: string): boolean {
  return directory === ancestor || directory.startsWith(`${ancestor}/`);
}

/** A `.btdtignore` that is not a regular file contains no rules. */
function readIgnoreFile(path: ByteString): string | undefined {
  const status = lstat(path);
  if (status?.kind !== "file") return undefined;
  if (status.sizeBytes > LARGEST_IGNORE_FILE_BYTES) {
    throw new BtdtError("SOURCE_UNREADABLE", `${display(path)} is larger than 1 MiB`, {
      path: display(path),
    });
  }
  try {
    return readFileSync(fsPath(path), "utf8");
  } catch (error) {
    throw new BtdtError("SOURCE_UNREADABLE", `cannot read ${display(path)}: ${reasonOf(error)}`, {
      path: display(path),
      cause: error,
    });
  }
}
