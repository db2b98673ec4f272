/** Tools that come from a registry: installed once for all tests, kept outside the repository. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../support/executable.ts";
import type { Condition } from "../support/requirements.ts";

export interface SharedTool extends Condition {
  /** The program; call it only if the condition is met. */
  path(): string;
}

/**
 * @param version the tool's name with its version
 * @param program its program, relative to the directory in which it is installed
 * @param install the commands that install it in a directory, which is the working directory as well
 */
export function sharedTool(
  version: string,
  program: string,
  install: (directory: string) => readonly (readonly string[])[],
): SharedTool {
  const directory = join(process.env["BTDT_TEST_DISK"] ?? tmpdir(), `btdt-${version}`);
  const path = join(directory, program);
  let isMet: boolean | undefined;
  return {
    name: `${version} or its registry`,
    path: () => path,
    isMet() {
      isMet ??= existsSync(path) || installOnce(directory, install);
      return isMet;
    },
  };
}

function installOnce(
  directory: string,
  install: (directory: string) => readonly (readonly string[])[],
): boolean {
  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    for (const words of install(unfinished)) if (run(words, { cwd: unfinished }).exitCode !== 0) return false;
    renameSync(unfinished, directory);
    return true;
  } catch (error) {
    // Another process may have installed it in the meantime.
    if (existsSync(directory)) return true;
    throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
