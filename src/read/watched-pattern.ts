import ignore, { type Ignore } from "ignore";

/** A pattern of `--exclude`, and whether it has matched anything so far. */
export class WatchedPattern {
  readonly pattern: string;
  readonly #matcher: Ignore;
  #hasMatched = false;

  constructor(pattern: string) {
    this.pattern = pattern;
    // What a re-including pattern matches, an excluding one would, too.
    this.#matcher = ignore({ ignorecase: false, allowRelativePaths: true }).add(pattern.replace(/^!/, ""));
  }

  get hasMatched(): boolean {
    return this.#hasMatched;
  }

  /** @param path relative to the root of its tree; that of a directory ends with a slash */
  see(path: string): void {
    this.#hasMatched ||= this.#matcher.ignores(path);
  }
}
