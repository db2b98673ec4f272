import { join } from "node:path";
import { say } from "../report.ts";

/** What each program of this folder is linked with, and the Debian packages that have it. */
const LIBRARIES = {
  "look-limit": { flags: [], packages: [] },
  "pack-limit": { flags: ["-lzstd", "-lcrypto"], packages: ["libzstd-dev", "libssl-dev"] },
  "store-limit": { flags: ["-lcrypto"], packages: ["libssl-dev"] },
  "hash-limit": { flags: ["-lcrypto"], packages: ["libssl-dev"] },
} as const;

/**
 * Compiles a program that shows how fast something can be; undefined, and a note, if that is not possible here.
 * @param directory where the program goes
 */
export function buildLimit(name: keyof typeof LIBRARIES, directory: string): string | undefined {
  const program = join(directory, name);
  const { flags, packages } = LIBRARIES[name];
  const compiler = Bun.which("cc");
  if (compiler !== null) {
    const words = [compiler, "-O2", "-w", "-pthread", "-o", program, join(import.meta.dir, `${name}.c`)];
    if (Bun.spawnSync([...words, ...flags], { stderr: "ignore" }).exitCode === 0) return program;
  }
  say(`\nleft out: ${name}, which needs ${["cc", ...packages].join(", ")}`);
  return undefined;
}
