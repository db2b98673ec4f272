import { readFileSync } from "node:fs";
import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";

/**
 * An argument that is not UTF-8 arrives mangled: a destination would be another directory, and a command would get
 * other arguments than were given.
 * @param mangled a word with U+FFFD, which stands for bytes that are not UTF-8, and rarely for itself
 * @throws BtdtError USAGE unless it was given with that character
 */
export function assertUtf8(mangled: string): void {
  if (isUtf8(readCommandLine())) return;
  throw new BtdtError("USAGE", `the argument ${escapeControls(mangled)} is not UTF-8`, {
    hint: "if it is a path, change to that directory and give . instead",
  });
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return false;
  }
}

/** As it was given. Empty where the system does not tell. */
function readCommandLine(): Uint8Array {
  try {
    return readFileSync("/proc/self/cmdline");
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return new Uint8Array();
  }
}
