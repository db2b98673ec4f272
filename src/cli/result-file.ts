import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { closeWritten } from "../fs/native/close-written.ts";
import { nodeFs } from "../fs/node-fs.ts";

/**
 * A file for pipelines that read a result instead of an exit code, such as that of `--result-file`: the bare word,
 * without a newline. It is opened and truncated before any work, so that no work is wasted if that fails, and no
 * earlier result is mistaken for this one.
 */
export class ResultFile {
  readonly #path: string;
  readonly #descriptor: number;

  private constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  /** Returns undefined without a path. @throws BtdtError RESULT_FILE_NOT_WRITABLE */
  static open(path: string | undefined): ResultFile | undefined {
    if (path === undefined) return undefined;
    try {
      return new ResultFile(path, nodeFs().openSync(path, "w"));
    } catch (error) {
      throw explainFailure(path, error);
    }
  }

  /** Call it once. @throws BtdtError RESULT_FILE_NOT_WRITABLE */
  write(word: string): void {
    try {
      const bytes = Buffer.from(word);
      // A nearly full disk may take only the first bytes, and says so when it is given the rest.
      for (let written = 0; written < bytes.length; )
        written += nodeFs().writeSync(this.#descriptor, bytes, written);
      closeWritten(this.#descriptor);
    } catch (error) {
      throw explainFailure(this.#path, error);
    }
  }
}

function explainFailure(path: string, error: unknown): BtdtError {
  const name = escapeControls(path);
  return new BtdtError(
    "RESULT_FILE_NOT_WRITABLE",
    `cannot write the result file ${name}: ${reasonOf(error)}`,
    {
      path: name,
      ...(isWrongPath(error) && {
        hint: "its directory must exist; in Tekton it is $(step.results.NAME.path)",
      }),
      cause: error,
    },
  );
}

/** Rather than a full disk or a missing permission, about which the path says nothing. */
function isWrongPath(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOENT" || errno === "ENOTDIR" || errno === "EISDIR";
}
