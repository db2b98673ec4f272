/**
 * Builds the executable: `bun run build.ts` leaves `dist/btdt`.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const root = import.meta.dir;
const output = join(root, "dist", "btdt");

mkdirSync(join(root, "dist"), { recursive: true });
const build = Bun.spawnSync(
  [
    process.execPath,
    "build",
    "--compile",
    "--minify",
    "--bytecode",
    "--format=esm",
    "--sourcemap",
    // Without these two the executable would run the preload of a bunfig.toml, and read an .env,
    // from whatever directory it is started in.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    // Nothing on disk can be imported into the running executable.
    "--compile-exec-argv=--disallow-code-generation-from-strings=strict",
    join(root, "src", "main.ts"),
    // Compiled workers are found only beside the entry point.
    join(root, "src", "worker.ts"),
    "--outfile",
    output,
  ],
  { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
);
process.exit(build.exitCode);
