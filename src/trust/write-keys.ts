import { chmodSync, closeSync, fsyncSync, openSync, rmSync, writeFileSync } from "node:fs";
import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { generateKeys, type KeyPair } from "./generate-keys.ts";

const ONLY_OWNER = 0o600;
const EVERYBODY_READS = 0o644;

/**
 * Makes keys and writes them to new files, `path` and `path.pub`: both or neither.
 * @throws BtdtError SIGNING_KEY_NOT_WRITTEN
 */
export function writeKeys(path: string): KeyPair & { readonly publicPath: string } {
  const pair = generateKeys();
  const publicPath = `${path}.pub`;
  writeNew(path, pair.privateText, ONLY_OWNER);
  try {
    writeNew(publicPath, pair.publicText, EVERYBODY_READS);
  } catch (error) {
    rmSync(path);
    throw error;
  }
  return { ...pair, publicPath };
}

function writeNew(path: string, text: string, mode: number): void {
  let isCreated = false;
  try {
    const descriptor = openSync(path, "wx", mode);
    isCreated = true;
    try {
      writeFileSync(descriptor, `${text}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    chmodSync(path, mode);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    if (isCreated) rmSync(path, { force: true });
    const shown = escapeControls(path);
    throw new BtdtError("SIGNING_KEY_NOT_WRITTEN", `cannot write ${shown}: ${reasonOf(error)}`, {
      path: shown,
      hint:
        errnoOf(error) === "EEXIST"
          ? "keys are never overwritten; give another name, or move the file away"
          : "give a name in a directory that exists and that you may write to",
      cause: error,
    });
  }
}
