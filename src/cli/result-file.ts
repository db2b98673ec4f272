import { closeSync, openSync, writeSync } from "node:fs";
import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { reasonOf } from "../fs/errno.ts";
import type { outcomeOf } from "../restore/count-outcome.ts";

/**
 * The file of `--result-file`, for pipelines that read an outcome instead of an exit code: the bare word, without a line end. It is
 * opened, and emptied, before any work is done, so that work is not done in vain and an old word is not taken for a new one.
 */
export class ResultFile {
  readonly #path: string;
  readonly #descriptor: number;

  private constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  /** Undefined when none was asked for. @throws BtdtError RESULT_FILE_NOT_WRITABLE */
  static open(path: string | undefined): ResultFile | undefined {
    if (path === undefined) return undefined;
    try {
      return new ResultFile(path, openSync(path, "w"));
    } catch (error) {
      throw notWritable(path, error);
    }
  }

  /** To be called once. @throws BtdtError RESULT_FILE_NOT_WRITABLE */
  write(outcome: ReturnType<typeof outcomeOf>): void {
    try {
      writeSync(this.#descriptor, outcome);
      closeSync(this.#descriptor);
    } catch (error) {
      throw notWritable(this.#path, error);
    }
  }
}

function notWritable(path: string, error: unknown): BtdtError {
  const name = escapeControls(path);
  return new BtdtError(
    "RESULT_FILE_NOT_WRITABLE",
    `cannot write the result file ${name}: ${reasonOf(error)}`,
    {
      path: name,
      hint: "its directory must exist; in Tekton it is $(step.results.NAME.path)",
      cause: error,
    },
  );
}
