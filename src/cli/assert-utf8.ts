import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";
import { nodeFs } from "../fs/node-fs.ts";

/** What stands for bytes that are not UTF-8, and rarely for itself. */
const REPLACEMENT = "\uFFFD";

/**
 * An argument that is not UTF-8 arrives mangled: a destination would be another directory, and a command would get
 * other arguments than were given.
 * @throws BtdtError USAGE
 */
export function assertUtf8Arguments(words: readonly string[]): void {
  const mangled = words.find((word) => word.includes(REPLACEMENT));
  if (mangled === undefined || isUtf8(readOwn("cmdline"))) return;
  throw new BtdtError("USAGE", `the argument ${escapeControls(mangled)} is not UTF-8`, {
    hint: "if it is a path, change to that directory and give . instead",
  });
}

/**
 * The same for variables of the environment.
 * @param names of those that matter; any others are left alone
 * @throws BtdtError USAGE
 */
export function assertUtf8Variables(
  names: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): void {
  for (const name of names) {
    if (variables[name]?.includes(REPLACEMENT) !== true || isUtf8(readVariable(name))) continue;
    throw new BtdtError("USAGE", `the variable ${escapeControls(name)} is not UTF-8`, {
      hint: "if it is a path, create a symbolic link to it and use the link's path",
    });
  }
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

/** Empty if it was not set when this process was started. */
function readVariable(name: string): Buffer {
  const prefix = Buffer.from(`${name}=`).toString("latin1");
  const line = readOwn("environ")
    .toString("latin1")
    .split("\0")
    .find((each) => each.startsWith(prefix));
  return Buffer.from(line ?? "", "latin1");
}

/** What this process was started with. Empty where the system does not tell. */
function readOwn(file: "cmdline" | "environ"): Buffer {
  try {
    return nodeFs().readFileSync(`/proc/self/${file}`);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return Buffer.alloc(0);
  }
}
