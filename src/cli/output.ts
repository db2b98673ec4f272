import { writeSync } from "node:fs";
import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import type { Verbosity } from "./verbosity.ts";

const STDOUT = 1;
const STDERR = 2;
const RETRY_MS = 5;

/** Results go to stdout, everything else to stderr. `process.stdout` is not used: it costs 7 ms to load. */
export interface Output {
  result(line: string): void;
  /** Verbatim, for help and the like. */
  text(text: string): void;
  /** Part of a result that is no text. */
  bytes(bytes: Uint8Array): void;
  /** A line that scripts look for on stderr. */
  plainNote(line: string): void;
  note(sentence: string): void;
  /** Only for those who ask for more. */
  detail(sentence: string): void;
  warning(sentence: string): void;
  error(error: BtdtError): void;
  /** With `--json` this is the result, on one line; otherwise it is not shown. */
  document(fields: Readonly<Record<string, unknown>>): void;
  setVerbosity(verbosity: Verbosity): void;
  /** From now on stdout has documents only. */
  useJson(): void;
}

/** Fields may be added to documents; one that is removed or changes its meaning makes a new version. */
const DOCUMENT_VERSION = 1;

const RED = "31";
const YELLOW = "33";

/** What is on the screen beside all that is written here. */
interface Screen {
  /** Called before anything is written. */
  clear(): void;
  /** Called when only results, warnings and errors are wanted. */
  silence(): void;
}

/** @param isColoured whether stderr is a screen that shows colours */
export function consoleOutput(isColoured: boolean, screen: Screen): Output {
  const coloured = (text: string, colour: string): string =>
    isColoured ? `\u001b[${colour}m${text}\u001b[0m` : text;
  const chatter = (text: string): void => {
    screen.clear();
    writeChatter(text);
  };
  const result = (text: string | Uint8Array): void => {
    screen.clear();
    writeResult(text);
  };
  let verbosity: Verbosity = "normal";
  let isJson = false;
  const document = (fields: Readonly<Record<string, unknown>>): void => {
    if (isJson) result(`${JSON.stringify({ version: DOCUMENT_VERSION, ...fields })}\n`);
  };
  return {
    document,
    result: (line) => {
      if (!isJson) result(`${line}\n`);
    },
    text: (text) => result(text),
    bytes: (bytes) => result(bytes),
    plainNote: (line) => chatter(`${line}\n`),
    note: (sentence) => {
      if (verbosity !== "quiet") chatter(`btdt: ${sentence}\n`);
    },
    detail: (sentence) => {
      if (verbosity === "verbose") chatter(`btdt: ${sentence}\n`);
    },
    warning: (sentence) => chatter(`btdt: ${coloured("warning:", YELLOW)} ${sentence}\n`),
    error: (error) => {
      const hint = error.hint === undefined ? "" : ` (${error.hint})`;
      chatter(`btdt: ${coloured("error:", RED)} ${escapeControls(`${error.message}${hint}`)}\n`);
      const { code, message, path } = error;
      try {
        document({ error: { code, message, hint: error.hint, path } });
      } catch (failure) {
        // When stdout is what failed it takes no document either.
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

/** A script that does not get its result must not take it for an empty one. @throws BtdtError SYSTEM */
function writeResult(text: string | Uint8Array): void {
  try {
    writeFully(STDOUT, text);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw new BtdtError("SYSTEM", `cannot write to standard output: ${reasonOf(error)}`, { cause: error });
  }
}

/** To stderr. What nobody listens to must not make a failure of work that is done. */
export function writeChatter(text: string): void {
  try {
    writeFully(STDERR, text);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** A pipe takes what fits; one that is set to non-blocking by its other owner has to be asked again. */
function writeFully(descriptor: number, text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      if (errnoOf(error) !== "EAGAIN") throw error;
      Bun.sleepSync(RETRY_MS);
    }
  }
}
