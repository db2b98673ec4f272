import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { writeOut } from "../fs/write-out.ts";
import { describeError, shortenPaths, summarizeError } from "./explain-failure.ts";
import type { Verbosity } from "./options/verbosity.ts";

const STDOUT = 1;
const STDERR = 2;
const RETRY_MS = 5;

const encoder = new TextEncoder();

type Fields = Readonly<Record<string, unknown>>;
/** A function is called only if a document is wanted. */
type DocumentFields = Fields | (() => Fields);

/** Results go to stdout, everything else to stderr. `process.stdout` is not used: loading it takes 7 ms. */
export interface Output {
  printResult(line: string): void;
  /** Verbatim, for help and scripts. */
  printText(text: string): void;
  /** Part of a binary result. @throws BtdtError OUTPUT_CLOSED: the rest is not wanted */
  printBytes(bytes: Uint8Array): void;
  /** With `--json` this is the result, on one line; otherwise nothing is printed. */
  printDocument(fields: DocumentFields): void;
  /** Whether `printDocument` prints something. */
  wantsDocument(): boolean;
  /** A line on stderr that scripts look for: no prefix, and printed even with `--quiet`. */
  printMarker(line: string): void;
  note(sentence: string): void;
  /** Printed with `--verbose` only. */
  noteDetail(sentence: string): void;
  warn(sentence: string): void;
  reportError(error: BtdtError): void;
  setVerbosity(verbosity: Verbosity): void;
  /** From now on, only documents go to stdout. */
  useJson(): void;
  /** How wide the terminal is that results go to; undefined elsewhere, where nothing is cut. */
  measureColumns(): number | undefined;
}

/** Adding fields keeps the version; removing one or changing its meaning increments it. */
const DOCUMENT_VERSION = 1;

const RED = "31";
const YELLOW = "33";

/** What shares the terminal with this output. */
interface Screen {
  /** Called before anything is written. */
  clear(): void;
  /** Called when only results, warnings and errors are wanted. */
  silence(): void;
}

/** @param hasColours whether stderr is a terminal that shows colours; only asked when something is to be coloured */
export function createConsoleOutput(
  hasColours: () => boolean,
  screen: Screen,
  measureColumns: () => number | undefined,
): Output {
  const colour = (text: string, code: string): string =>
    hasColours() ? `\u001b[${code}m${text}\u001b[0m` : text;
  const writeLine = (line: string): void => {
    screen.clear();
    writeToStderr(`${line}\n`);
  };
  let isClosed = false;
  const writeResult = (text: string | Uint8Array): void => {
    screen.clear();
    if (!isClosed) isClosed = writeToStdout(text) === "closed";
  };
  let verbosity: Verbosity = "normal";
  let isJson = false;
  const printDocument = (given: DocumentFields): void => {
    if (!isJson) return;
    const fields = typeof given === "function" ? given() : given;
    writeResult(`${JSON.stringify({ version: DOCUMENT_VERSION, ...fields })}\n`);
  };
  return {
    measureColumns,
    printDocument,
    wantsDocument: () => isJson,
    printResult: (line) => {
      if (!isJson) writeResult(`${line}\n`);
    },
    printText: writeResult,
    printBytes: (bytes) => {
      writeResult(bytes);
      if (isClosed) throw new BtdtError("OUTPUT_CLOSED", "the reader of standard output has closed it");
    },
    printMarker: writeLine,
    note: (sentence) => {
      if (verbosity !== "quiet") writeLine(`btdt: ${sentence}`);
    },
    noteDetail: (sentence) => {
      if (verbosity === "verbose") writeLine(`btdt: ${sentence}`);
    },
    warn: (sentence) => writeLine(`btdt: ${colour("warning:", YELLOW)} ${shortenPaths(sentence)}`),
    reportError: (error) => {
      writeLine(`btdt: ${colour("error:", RED)} ${summarizeError(error)}`);
      try {
        printDocument({ error: describeError(error) });
      } catch (failure) {
        // If stdout is what failed, it cannot take a document either.
        if (!(failure instanceof BtdtError)) throw failure;
      }
    },
    setVerbosity: (wanted) => {
      verbosity = wanted;
      if (wanted === "quiet") screen.silence();
    },
    useJson: () => {
      isJson = true;
    },
  };
}

/**
 * Fails loudly: a script must not mistake a result it did not get for an empty one. Only a reader that closed its end,
 * such as `head`, knows that it got less: the work goes on, and the rest of the output is dropped.
 * @throws BtdtError SYSTEM
 */
function writeToStdout(text: string | Uint8Array): "written" | "closed" {
  try {
    writeFully(STDOUT, text);
    return "written";
  } catch (error) {
    if (errnoOf(error) === "EPIPE") return "closed";
    if (errnoOf(error) === undefined) throw error;
    throw new BtdtError("SYSTEM", `cannot write to standard output: ${reasonOf(error)}`, { cause: error });
  }
}

/** A broken stderr must not turn completed work into a failure. */
export function writeToStderr(text: string): void {
  try {
    writeFully(STDERR, text);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** A pipe may take only a part; one that its other owner has made non-blocking may take nothing yet. */
function writeFully(descriptor: number, text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeOut(descriptor, bytes, written);
    } catch (error) {
      if (errnoOf(error) !== "EAGAIN") throw error;
      Bun.sleepSync(RETRY_MS);
    }
  }
}
