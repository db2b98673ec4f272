type BuildErrorCode =
  | "usage"
  | "unknown-target"
  | "compile-failed"
  | "libc-missing"
  | "libc-unfit"
  | "malformed-elf"
  | "not-a-bun-executable"
  | "package-unavailable"
  | "no-release";

/** Why the build stops. When it is thrown, nothing has been written to the output. */
export class BuildError extends Error {
  override readonly name = "BuildError";
  readonly code: BuildErrorCode;
  /** The file or directory at fault; empty if it is the command line. */
  readonly path: string;
  /** What to do about it. */
  readonly hint: string;

  constructor(code: BuildErrorCode, path: string, sentence: string, hint: string) {
    super(sentence);
    this.code = code;
    this.path = path;
    this.hint = hint;
  }

  /** The whole message on one line, as the build prints it. */
  toLine(): string {
    const place = this.path === "" ? "" : `${this.path}: `;
    return `${this.code}: ${place}${this.message} (${this.hint})`;
  }
}
