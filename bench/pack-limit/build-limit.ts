import { join } from "node:path";
import { say } from "../report.ts";

/**
 * Compiles the program that shows how fast packs can be; undefined, and a note, if that is not possible here.
 * @param directory where the program goes
 */
export function buildPackLimit(directory: string): string | undefined {
  const program = join(directory, "pack-limit");
  const compiler = Bun.which("cc");
  if (compiler !== null) {
    const words = [compiler, "-O2", "-w", "-pthread", "-o", program, join(import.meta.dir, "pack-limit.c")];
    if (Bun.spawnSync([...words, "-lzstd", "-lcrypto"], { stderr: "ignore" }).exitCode === 0) return program;
  }
  say("\nleft out: the limit of packs, which needs cc, libzstd-dev and libssl-dev");
  return undefined;
}
