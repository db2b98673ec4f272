import type * as fs from "node:fs";

let loaded: typeof fs | undefined;

/**
 * `node:fs`, which is loaded when it is first needed: that takes a third of what an empty program takes. A restore in
 * which everything goes well does without it: on Linux, its system calls go through FFI, and what fails there in
 * an unusual way is repeated here.
 */
export function nodeFs(): typeof fs {
  loaded ??= require("node:fs") as typeof fs;
  return loaded;
}
