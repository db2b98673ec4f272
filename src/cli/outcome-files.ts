import { ResultFile } from "./result-file.ts";

/** What `restore`, `run` and `lookup` found, as far as pipelines read it. */
interface Found {
  readonly outcome: "hit" | "fallback" | "miss";
  /** The key that was found; undefined after a miss. */
  readonly key?: string;
}

/** The files of `--result-file`, `--matched-key-file` and `--primary-key-file`, as far as they are wanted. */
export class OutcomeFiles {
  readonly #result: ResultFile | undefined;
  readonly #matchedKey: ResultFile | undefined;
  readonly #primaryKey: ResultFile | undefined;

  /** Opens all of them. @throws BtdtError RESULT_FILE_NOT_WRITABLE */
  constructor(paths: {
    readonly resultFile?: string | undefined;
    readonly matchedKeyFile?: string | undefined;
    readonly primaryKeyFile?: string | undefined;
  }) {
    this.#result = ResultFile.open(paths.resultFile);
    this.#matchedKey = ResultFile.open(paths.matchedKeyFile);
    this.#primaryKey = ResultFile.open(paths.primaryKeyFile);
  }

  /** Call it once, before any key is tried. @throws BtdtError RESULT_FILE_NOT_WRITABLE */
  writePrimaryKey(key: string): void {
    this.#primaryKey?.write(key);
  }

  /** Call it once. @throws BtdtError RESULT_FILE_NOT_WRITABLE */
  writeFound({ outcome, key = "" }: Found): void {
    this.#result?.write(outcome);
    this.#matchedKey?.write(key);
  }
}
