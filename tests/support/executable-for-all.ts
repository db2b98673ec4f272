import { chmodSync, copyFileSync } from "node:fs";
import { BTDT, run } from "./executable.ts";
import { AS_NOBODY } from "./requirements.ts";
import type { Scratch } from "./scratch.ts";

/**
 * For tests that run btdt as the user nobody: an executable that nobody can run, wherever this repository is, and a
 * directory that nobody can write to. It makes the scratch directory accessible to everyone.
 */
export function executableForAll(scratch: Scratch): {
  readonly executable: string;
  readonly workplace: string;
} {
  chmodSync(scratch.path(), 0o755);
  const workplace = scratch.directory("nobody");
  chmodSync(workplace, 0o777);
  if (run([...AS_NOBODY, "test", "-x", BTDT]).exitCode === 0) return { executable: BTDT, workplace };
  const executable = scratch.path("btdt");
  copyFileSync(BTDT, executable);
  chmodSync(executable, 0o755);
  return { executable, workplace };
}
