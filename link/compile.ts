import { join } from "node:path";
import { BuildError } from "./build-error.ts";
import type { Target } from "./target.ts";

/**
 * Smaller parts of the program are merged with what needs them, unless that would run code that is not needed. Each
 * part takes time to load: with two thirds of the parts, a start takes a tenth less.
 */
export const SMALLEST_CHUNK_BYTES = 16 * 1024;

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
  const command = [
    process.execPath,
    "build",
    "--compile",
    // Named even if it is this machine's, so that every machine produces the same bytes.
    ...(target === undefined ? [] : [`--target=bun-${target.name}`]),
    "--minify",
    "--bytecode",
    // A command loads only the code it needs.
    "--splitting",
    `--min-chunk-size=${SMALLEST_CHUNK_BYTES}`,
    // What a small command runs is mostly run once: compiling it to machine code would take a quarter of its time.
    "--compile-jit-policy=30",
    "--format=esm",
    "--sourcemap",
    // Without these two, the executable would run the preload of a bunfig.toml, and read an .env file,
    // in whatever directory it is started.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    // Nothing on disk can be imported into the running executable.
    "--compile-exec-argv=--disallow-code-generation-from-strings=strict",
    ...entrypoints.map((entrypoint) => join(root, entrypoint)),
    "--outfile",
    output,
  ];
  const result = Bun.spawnSync(command, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.exitCode !== 0)
    throw new BuildError(
      "compile-failed",
      "",
      `bun build failed for ${target?.name ?? "this machine"}`,
      "its own message is above; a target other than this machine's needs access to the npm registry",
    );
}
