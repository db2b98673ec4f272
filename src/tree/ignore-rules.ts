import { readFileSync } from "node:fs";
import ignore, { type Ignore } from "ignore";
import { type ByteString, fsPath, joinBytes, shown, textFromBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { reasonOf } from "../fs/errno.ts";
import { lstat } from "../fs/file-status.ts";

const IGNORE_FILE_NAME = ".btdtignore" as ByteString;

const LARGEST_IGNORE_FILE_BYTES = 1024 * 1024;

interface Rules {
  /** The directory the patterns are relative to; empty for the root. */
  readonly directory: string;
  readonly patterns: Ignore;
}

/**
 * What a store leaves out, by gitignore's rules: the last pattern that matches decides, a `.btdtignore` deeper
 * in the tree goes before one above it, and `--exclude` goes before them all. What is inside a directory that is left out
 * cannot be brought back, because nobody looks there.
 *
 * Used along with a walk that visits a directory before what is in it.
 */
export class IgnoreRules {
  readonly #excludes: Ignore | undefined;
  readonly #readIgnoreFiles: boolean;
  /** From the root down to the directory at hand. */
  #files: Rules[] = [];

  /** @param readIgnoreFiles whether `.btdtignore` files count */
  constructor(excludePatterns: readonly string[], readIgnoreFiles: boolean) {
    this.#readIgnoreFiles = readIgnoreFiles;
    if (excludePatterns.length > 0) this.#excludes = newIgnore().add([...excludePatterns]);
  }

  /** Called for each directory before its children are asked about. */
  enter(path: ByteString, absolutePath: ByteString, names: readonly ByteString[]): void {
    if (!this.#readIgnoreFiles) return;
    const directory = textFromBytes(path);
    if (this.#files.length > 0) {
      this.#files = this.#files.filter(
        (rules) => rules.directory === "" || isWithin(directory, rules.directory),
      );
    }
    if (!names.includes(IGNORE_FILE_NAME)) return;
    const text = readIgnoreFile(joinBytes(absolutePath, IGNORE_FILE_NAME));
    if (text !== undefined) this.#files.push({ directory, patterns: newIgnore().add(text) });
  }

  ignores(path: ByteString, isDirectory: boolean): boolean {
    if (this.#excludes === undefined && this.#files.length === 0) return false;
    const text = isDirectory ? `${textFromBytes(path)}/` : textFromBytes(path);
    const verdict = this.#excludes?.test(text);
    if (verdict?.ignored === true) return true;
    if (verdict?.unignored === true) return false;
    for (const rules of this.#files.toReversed()) {
      const relative = rules.directory === "" ? text : text.slice(rules.directory.length + 1);
      const found = rules.patterns.test(relative);
      if (found.ignored) return true;
      if (found.unignored) return false;
    }
    return false;
  }
}

function newIgnore(): Ignore {
  return ignore({ ignorecase: false, allowRelativePaths: true });
}

function isWithin(directory: string, ancestor: string): boolean {
  return directory === ancestor || directory.startsWith(`${ancestor}/`);
}

/** A `.btdtignore` that is no regular file has no rules. */
function readIgnoreFile(path: ByteString): string | undefined {
  const status = lstat(path);
  if (status?.kind !== "file") return undefined;
  if (status.sizeBytes > LARGEST_IGNORE_FILE_BYTES) {
    throw new BtdtError("SOURCE_UNREADABLE", `${shown(path)} is larger than 1 MiB`, { path: shown(path) });
  }
  try {
    return readFileSync(fsPath(path), "utf8");
  } catch (error) {
    throw new BtdtError("SOURCE_UNREADABLE", `cannot read ${shown(path)}: ${reasonOf(error)}`, {
      path: shown(path),
      cause: error,
    });
  }
}
