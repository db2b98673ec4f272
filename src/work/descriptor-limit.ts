import { readIfPossible } from "./read-if-possible.ts";

/**
 * How many files this process may have open, once the runtime has raised that to the hard limit; infinite where the
 * system does not tell.
 * @param readText returns undefined for a file that cannot be read
 */
export function readDescriptorLimit(readText = readIfPossible): number {
  const [, soft] = /^Max open files +(\d+) /m.exec(readText("/proc/self/limits") ?? "") ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
