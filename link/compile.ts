import { join } from "node:path";
import { BuildError } from "./build-error.ts";
import type { Target } from "./target.ts";

/**
 * Compiles for a target, or for this machine if there is none, and writes the executable to `output`. Bun fetches
 * the runtime for other targets from the npm registry and caches it. The file name of `output` becomes part of the
 * bytes.
 */
export function compile(
  root: string,
  entrypoints: readonly string[],
  target: Target | undefined,
  output: string,
): void {
  // In a separate process, so that building is synchronous and leaves nothing in memory.
  const words = [target?.name ?? "", output, ...entrypoints.map((entrypoint) => join(root, entrypoint))];
  const command = [process.execPath, join(import.meta.dir, "bundle.ts"), ...words];
  const result = Bun.spawnSync(command, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.exitCode !== 0)
    throw new BuildError(
      "compile-failed",
      "",
      `Bun could not build for ${target?.name ?? "this machine"}`,
      "its own message is above; a target other than this machine's needs access to the npm registry",
    );
}
