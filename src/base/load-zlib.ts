import type * as zlib from "node:zlib";

/** Loads `node:zlib` when it is first needed: with the streams it is built on, this takes 3 ms. */
export function loadZlib(): typeof zlib {
  return require("node:zlib") as typeof zlib;
}
