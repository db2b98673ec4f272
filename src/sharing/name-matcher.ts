import type { ByteString } from "../base/byte-string.ts";
import type { FileKindByName, NameRule } from "./name-rules.ts";

/** A name in a pattern: what comes before the `*`, and what comes after it; without `*`, the second is undefined. */
interface NamePattern {
  readonly start: string;
  readonly end: string | undefined;
}

interface CompiledRule {
  readonly kind: FileKindByName;
  /** From the outermost to the innermost; without the name of a file. */
  readonly directories: readonly NamePattern[];
}

interface FileRule {
  readonly directories: readonly NamePattern[];
  /** The pattern of the rule for directories that it applies to anywhere below; undefined if `directories` say where. */
  readonly below: string | undefined;
  readonly file: NamePattern;
  readonly marksDirectory: boolean;
}

/** What a rule says about a file that is build state within package contents. */
export interface FileException {
  /** Its whole directory is build state, with all that is below. */
  readonly marksDirectory: boolean;
}

/** Says the name of a directory, of its parent (1) and so on; undefined above the outermost that is known. */
export type NameAbove = (levels: number) => ByteString | undefined;

/** What a rule says about a directory: it is valid for what is below, until another rule matches further in. */
export interface DirectoryRule {
  readonly pattern: string;
  readonly kind: FileKindByName;
}

/** Finds the rules for directories and files, at little cost for each directory: most match nothing. */
export class NameMatcher {
  readonly #rules = new Map<DirectoryRule, CompiledRule>();
  /** By the last name, if it is exact. */
  readonly #byName = new Map<string, DirectoryRule[]>();
  /** By the last name but one, where the last one has a `*`. */
  readonly #byParent = new Map<string, DirectoryRule[]>();
  readonly #fileRules: FileRule[] = [];

  constructor(rules: readonly NameRule[]) {
    const byLength = rules.toSorted((left, right) => right.pattern.length - left.pattern.length);
    for (const rule of byLength) {
      if (rule.pattern.endsWith("/")) this.#addDirectoryRule(rule);
      else this.#fileRules.push(compileFileRule(rule));
    }
  }

  /** The rule for exactly this directory. */
  ruleFor(nameAbove: NameAbove): DirectoryRule | undefined {
    const [name, parent] = [nameAbove(0), nameAbove(1)];
    if (name === undefined) return undefined;
    const byName = this.#byName.get(name) ?? NONE;
    const byParent = (parent === undefined ? undefined : this.#byParent.get(parent)) ?? NONE;
    if (byName === NONE && byParent === NONE) return undefined;
    // An exact name is more specific than one with `*`.
    return [...byName, ...byParent].find((rule) =>
      matchDirectories(this.#rules.get(rule)?.directories ?? [], nameAbove),
    );
  }

  /** Finds the files of a directory that are build state; undefined if there cannot be any. */
  exceptionsIn(
    nameAbove: NameAbove,
    rule: DirectoryRule,
  ): ((name: ByteString) => FileException | undefined) | undefined {
    const found = this.#fileRules.filter(({ below, directories }) => {
      return below === undefined ? matchDirectories(directories, nameAbove) : below === rule.pattern;
    });
    return found.length === 0 ? undefined : (name) => found.find(({ file }) => matchName(file, name));
  }

  #addDirectoryRule({ pattern, kind }: NameRule): void {
    const rule = { pattern, kind };
    const directories = compileNames(pattern.slice(0, -1));
    this.#rules.set(rule, { kind, directories });
    const last = directories.at(-1);
    const isExact = last?.end === undefined;
    const [index, name] = isExact
      ? [this.#byName, last?.start ?? ""]
      : [this.#byParent, directories.at(-2)?.start ?? ""];
    index.set(name, [...(index.get(name) ?? []), rule]);
  }
}

const NONE: readonly DirectoryRule[] = [];

function compileFileRule({ pattern, marksDirectory = false }: NameRule): FileRule {
  const names = compileNames(pattern);
  const file = names.at(-1) ?? { start: pattern, end: undefined };
  const [below, tail] = pattern.split("**/");
  if (tail === undefined) return { directories: names.slice(0, -1), below: undefined, file, marksDirectory };
  return { directories: [], below, file, marksDirectory };
}

function compileNames(pattern: string): NamePattern[] {
  return pattern.split("/").map((name) => {
    const [start = "", end] = name.split("*");
    return { start, end };
  });
}

function matchDirectories(patterns: readonly NamePattern[], nameAbove: NameAbove): boolean {
  return patterns.every((pattern, index) => {
    const name = nameAbove(patterns.length - 1 - index);
    return name !== undefined && matchName(pattern, name);
  });
}

function matchName({ start, end }: NamePattern, name: ByteString): boolean {
  if (end === undefined) return name === start;
  return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
}
