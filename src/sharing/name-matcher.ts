import type { ByteString } from "../base/byte-string.ts";
import { compileLightly, compileMethodsLightly } from "../base/compile-lightly.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { FileKindByName, NameRule } from "./name-rules.ts";

/** A name in a pattern: what comes before the `*`, and what comes after it; without `*`, the second is undefined. */
interface NamePattern {
  readonly start: string;
  readonly end: string | undefined;
}

/** What is below a directory, until another rule matches further in. */
export interface DirectoryRule {
  readonly pattern: string;
  readonly kind: FileKindByName;
  /** From the outermost to the innermost. */
  readonly directories: readonly NamePattern[];
  /** For files anywhere below. */
  readonly files: FileRule[];
}

interface FileRule extends FileException {
  readonly directories: readonly NamePattern[];
  readonly file: NamePattern;
}

/** What a rule says about a file that is build state within package contents. */
export interface FileException {
  /** Its presence makes its directory, and everything below, build state. */
  readonly marksDirectory: boolean;
}

/** What rules say about directories with one name, if other names match as well. */
export interface NamedRules {
  /** For the directories themselves. */
  readonly own: DirectoryRule[];
  /** For the directories in them, if their names have a `*` in the rule. */
  readonly children: DirectoryRule[];
  /** For the files in them. */
  readonly files: FileRule[];
}

/** Says the name of a directory, of its parent (1) and so on; undefined above the outermost that is known. */
export type NameAbove = (levels: number) => ByteString | undefined;

/** Lengths from here on share a bit. */
const LONGEST_TOLD_APART = 31;

/** Finds the rules for directories and files. Most names are in no rule: then one look-up is all that it costs. */
export class NameMatcher {
  private readonly named = new Map<string, NamedRules>();
  /** For the first byte of a name, a bit for each length of the names in `named` that begin with it. */
  private readonly lengthsByInitial = new Uint32Array(256);
  private readonly byPattern = new Map<string, DirectoryRule>();

  constructor(rules: readonly NameRule[]) {
    // The longest one that matches decides.
    const byLength = rules.toSorted((left, right) => right.pattern.length - left.pattern.length);
    for (const { pattern, kind } of byLength) {
      if (pattern.endsWith("/")) this.addDirectoryRule(pattern, kind);
    }
    for (const { pattern, marksDirectory = false } of byLength) {
      if (!pattern.endsWith("/")) this.addFileRule(pattern, marksDirectory);
    }
  }

  lookUp(name: ByteString | undefined): NamedRules | undefined {
    return name === undefined ? undefined : this.named.get(name);
  }

  /**
   * The rules for all directories of a manifest but its root, by directory. This runs before anything is compiled, so
   * no strings are created of names that cannot be in a rule.
   */
  lookUpDirectories(manifest: Manifest): (NamedRules | undefined)[] {
    const { directoryNames, directoryNameEnds, counts } = manifest;
    const { lengthsByInitial } = this;
    const found: (NamedRules | undefined)[] = [undefined];
    let start = directoryNameEnds[0] ?? 0;
    for (let directory = 1; directory < counts.directoryCount; directory++) {
      const end = directoryNameEnds[directory] ?? start;
      const lengths = lengthsByInitial[directoryNames[start] ?? 0] ?? 0;
      const mayBeNamed = lengths !== 0 && (lengths & lengthBit(end - start)) !== 0;
      found.push(mayBeNamed ? this.named.get(manifest.directoryName(directory)) : undefined);
      start = end;
    }
    return found;
  }

  /**
   * The rule for exactly one directory.
   * @param own found by its name, `parent` by that of its parent
   */
  ruleFor(
    own: NamedRules | undefined,
    parent: NamedRules | undefined,
    nameAbove: NameAbove,
  ): DirectoryRule | undefined {
    // An exact name is more specific than one with `*`.
    for (const rules of [own?.own, parent?.children]) {
      const rule = rules?.find(({ directories }) => matchDirectories(directories, nameAbove));
      if (rule !== undefined) return rule;
    }
    return undefined;
  }

  /** Finds the files of a directory that are build state; undefined if there cannot be any. */
  exceptionsIn(
    own: NamedRules | undefined,
    rule: DirectoryRule,
    nameAbove: NameAbove,
  ): ((name: ByteString) => FileException | undefined) | undefined {
    if (own === undefined && rule.files.length === 0) return undefined;
    const here = own?.files.filter(({ directories }) => matchDirectories(directories, nameAbove)) ?? [];
    const found = [...rule.files, ...here];
    return found.length === 0 ? undefined : (name) => found.find(({ file }) => matchName(file, name));
  }

  private addDirectoryRule(pattern: string, kind: FileKindByName): void {
    const directories = compileNames(pattern.slice(0, -1));
    const [parent, last] = [directories.at(-2), directories.at(-1)];
    const rule = { pattern, kind, directories, files: [] };
    this.byPattern.set(pattern, rule);
    if (last?.end === undefined) this.rulesOf(last).own.push(rule);
    else this.rulesOf(parent).children.push(rule);
  }

  private addFileRule(pattern: string, marksDirectory: boolean): void {
    const [head = "", tail] = pattern.split("**/");
    const names = compileNames(tail ?? pattern);
    const file = names.pop() ?? { start: "", end: undefined };
    const rules = tail === undefined ? this.rulesOf(names.at(-1)) : this.byPattern.get(head);
    rules?.files.push({ directories: names, file, marksDirectory });
  }

  private rulesOf(pattern: NamePattern | undefined): NamedRules {
    const name = pattern?.start ?? "";
    const known = this.named.get(name);
    if (known !== undefined) return known;
    const rules = { own: [], children: [], files: [] };
    this.named.set(name, rules);
    const initial = name.charCodeAt(0);
    this.lengthsByInitial[initial] = (this.lengthsByInitial[initial] ?? 0) | lengthBit(name.length);
    return rules;
  }
}

function lengthBit(length: number): number {
  return 1 << Math.min(length, LONGEST_TOLD_APART);
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

compileLightly(matchDirectories, matchName);
compileMethodsLightly(NameMatcher);
