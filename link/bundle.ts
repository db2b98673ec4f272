/**
 * Bundles the program and compiles it: `bun link/bundle.ts TARGET OUTPUT ENTRYPOINT…`, where an empty TARGET is this
 * machine. See `compile.ts`.
 */
import { writeSync } from "node:fs";
import { BUNDLE_OPTIONS } from "./bundle-options.ts";

const STDERR = 2;
const [target = "", outfile = "", ...entrypoints] = process.argv.slice(2);
try {
  await Bun.build({
    ...BUNDLE_OPTIONS,
    entrypoints,
    minify: true,
    bytecode: true,
    sourcemap: "linked",
    naming: { chunk: "[name]-[hash].[ext]" },
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    compile: {
      // Named even if it is this machine's, so that every machine produces the same bytes.
      ...(target === "" ? {} : { target: `bun-${target}` as Bun.Build.CompileTarget }),
      outfile,
      // What a small command runs is mostly run once: compiling it to machine code would take a quarter of its time.
      jitPolicy: 30,
      // Without these two, the executable would run the preload of a bunfig.toml, and read an .env file,
      // in whatever directory it is started.
      autoloadDotenv: false,
      autoloadBunfig: false,
      // Nothing on disk can be imported into the running executable.
      execArgv: ["--disallow-code-generation-from-strings=strict"],
    },
  });
} catch (error) {
  const reasons = error instanceof AggregateError ? error.errors : [error];
  for (const reason of reasons) writeSync(STDERR, `${String(reason)}\n`);
  process.exitCode = 1;
}
