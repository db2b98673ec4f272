/**
 * Builds the executable: `bun run build.ts` writes `dist/btdt` for this machine. On Linux it is static: it
 * contains the dynamic loader and the libraries that it needs (docs/static-executable.md).
 */
import { writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BuildError } from "./link/build-error.ts";
import { buildExecutable } from "./link/build-executable.ts";
import { writeChecksums } from "./link/checksums.ts";
import { hostTarget, parseTarget } from "./link/target.ts";

const usage = `Usage: bun run build.ts [options]
  --target T[,T...]  build dist/btdt-T instead of dist/btdt; T is linux-x64, linux-arm64, darwin-x64, darwin-arm64
  --libc-dir DIR     embed the glibc in DIR; may be repeated, for several targets
  --dynamic          leave Linux executables dynamically linked, as Bun makes them
  --out-dir DIR      write to DIR instead of dist
`;

function readOptions(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        target: { type: "string" },
        "libc-dir": { type: "string", multiple: true, default: [] },
        dynamic: { type: "boolean", default: false },
        "out-dir": { type: "string", default: "dist" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new BuildError("usage", "", error.message, "--help lists the options");
  }
}

function build(argv: string[]): void {
  const options = readOptions(argv);
  if (options.help) {
    writeSync(1, usage);
    return;
  }
  const root = import.meta.dir;
  const outDirectory = resolve(root, options["out-dir"]);
  const buildOptions = {
    root,
    // Compiled workers are found only beside the entry point.
    entrypoints: ["src/main.ts", "src/worker.ts"],
    libcDirectories: options["libc-dir"],
    dynamic: options.dynamic,
    cacheDirectory: join(root, "dist", ".packages"),
  };
  if (options.target === undefined) {
    // A dynamic executable is for this machine's libc, which may be musl.
    const host = options.dynamic ? undefined : hostTarget(process.platform, process.arch);
    buildExecutable(host, join(outDirectory, "btdt"), buildOptions);
  } else {
    const targets = options.target.split(",").map((name) => parseTarget(name));
    for (const target of targets)
      buildExecutable(target, join(outDirectory, `btdt-${target.name}`), buildOptions);
  }
  writeChecksums(outDirectory, (file) => /^btdt(?:-(?:linux|darwin)-(?:x64|arm64))?$/.test(file));
}

try {
  build(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  writeSync(2, `${error.toLine()}\n`);
  process.exit(1);
}
