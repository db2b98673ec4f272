import { libc } from "./libc.ts";

/** Whether a descriptor is open and belongs to a terminal. `node:tty` takes 2 ms to load. */
export function isTerminal(descriptor: number): boolean {
  return libc.isatty(descriptor) === 1;
}
