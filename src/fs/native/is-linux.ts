import { suffix } from "bun:ffi";

/** Told by how shared libraries are named: `node:os` takes longer to load than a small file to read. */
export const IS_LINUX = suffix === "so";
