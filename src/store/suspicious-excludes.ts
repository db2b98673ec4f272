import { posix } from "node:path";
import { escapeControls } from "../base/byte-string.ts";
import { WatchedPattern } from "../read/watched-pattern.ts";

/**
 * Patterns of `--exclude` that look like paths from where the command was run, while gitignore's are relative to each
 * source. They are watched: one that matches nothing is worth a warning.
 */
export class SuspiciousExcludes {
  readonly watched: readonly WatchedPattern[];
  readonly #advice: ReadonlyMap<WatchedPattern, string>;

  /** @param sources as given by the user */
  constructor(patterns: readonly string[], sources: readonly string[]) {
    const advice = new Map<WatchedPattern, string>();
    for (const pattern of patterns) {
      const better = suggestPattern(pattern, sources);
      if (better !== undefined) advice.set(new WatchedPattern(pattern), better);
    }
    this.#advice = advice;
    this.watched = [...advice.keys()];
  }

  /** Call it once all sources are read. */
  warn(onWarning: (warning: string) => void): void {
    for (const [{ pattern, hasMatched }, better] of this.#advice) {
      if (!hasMatched)
        onWarning(
          `--exclude ${escapeControls(pattern)} matches nothing: patterns are relative to the source; ${better}`,
        );
    }
  }
}

/** What to write instead of a pattern; undefined if it does not look like a mistake. */
function suggestPattern(pattern: string, sources: readonly string[]): string | undefined {
  const [, mark = "", path = ""] = /^(!?)(.*)$/s.exec(pattern) ?? [];
  const use = (relative: string): string => `use ${mark}/${escapeControls(relative)}`;
  const prefixes = sources.flatMap(prefixesOf);
  const relative = path.replace(/^(?:\.\/+)+/, "");
  for (const prefix of prefixes) if (relative.startsWith(prefix)) return use(relative.slice(prefix.length));
  if (relative !== path) return use(relative);
  return /^~(?:\w*\/|$)/.test(path) ? "~ is not replaced; use the path within the source" : undefined;
}

/** What the path of something in a source begins with, if it is not relative to the source. */
function prefixesOf(source: string): string[] {
  const given = posix.normalize(source).replace(/\/+$/, "");
  const absolute = posix.resolve(source);
  return [absolute, given, posix.basename(absolute)]
    .filter((path) => path !== "" && path !== "." && path !== "/")
    .map((path) => `${path}/`);
}
