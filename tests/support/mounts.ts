import { mkdirSync } from "node:fs";
import { must } from "./executable.ts";
import type { Scratch } from "./scratch.ts";

/** All of these need root; see `requirements.ts`. */

export function mountTmpfs(scratch: Scratch, name: string, size = "64m"): string {
  const path = scratch.directory(name);
  must(["mount", "-t", "tmpfs", "-o", `size=${size},mode=755`, "btdt-test", path]);
  scratch.noteMount(path);
  return path;
}

const FLAGS = { xfs: ["-m", "reflink=1"], ext4: ["-N", "70000"] } as const;

/** A small file system in a file; `mkfs.TYPE` must be installed. @param flags for `mkfs` */
export function mountImage(
  scratch: Scratch,
  name: string,
  type: "xfs" | "ext4",
  flags: readonly string[] = FLAGS[type],
): string {
  const path = scratch.directory(name);
  const image = scratch.path(`${name}.img`);
  must(["truncate", "-s", "320M", image]);
  must([`mkfs.${type}`, "-q", ...(type === "ext4" ? ["-F"] : []), ...flags, image]);
  must(["mount", "-o", "loop", image, path]);
  scratch.noteMount(path);
  return path;
}

/** The same directory at a second path, through FUSE; `bindfs` must be installed. */
export function mountFuse(scratch: Scratch, directory: string, name: string): string {
  const path = scratch.directory(name);
  must(["bindfs", directory, path]);
  scratch.noteMount(path);
  return path;
}

/** The same directory at a second path, read-only. */
export function mountReadOnly(scratch: Scratch, directory: string, name: string): string {
  const path = scratch.path(name);
  mkdirSync(path);
  must(["mount", "--bind", directory, path]);
  scratch.noteMount(path);
  must(["mount", "-o", "remount,ro,bind", path]);
  return path;
}
