import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BuildError } from "./build-error.ts";
import type { NamedBytes } from "./elf-file.ts";
import { EMBEDDED_LIBRARIES } from "./launcher.ts";
import type { Libc } from "./libc.ts";
import type { LinuxTarget } from "./target.ts";

/** Where to look for a processor's glibc: the system's own, a second architecture's, a cross compiler's. */
function systemDirectories(target: LinuxTarget): string[] {
  return [
    `/lib/${target.multiarch}`,
    `/usr/lib/${target.multiarch}`,
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    `/usr/${target.multiarch}/lib`,
  ];
}

const holdsLibc = (directory: string, target: LinuxTarget): boolean =>
  [target.loader, ...EMBEDDED_LIBRARIES].every((file) => existsSync(join(directory, file)));

/** The directory with the target's glibc on this system, if it has one. */
export function findSystemLibc(target: LinuxTarget): string | undefined {
  return systemDirectories(target).find((directory) => holdsLibc(directory, target));
}

/** The one of the given directories that has the target's glibc. */
export function pickLibc(chosen: readonly string[], target: LinuxTarget): string {
  const directory = chosen.find((candidate) => holdsLibc(candidate, target));
  if (directory !== undefined) return directory;
  throw new BuildError(
    "libc-missing",
    chosen.join(", "),
    `no glibc for ${target.name} in it`,
    `the directory must hold ${[target.loader, ...EMBEDDED_LIBRARIES].join(", ")}`,
  );
}

export function readLibcDirectory(directory: string, target: LinuxTarget): Libc {
  const read = (file: string): NamedBytes => {
    const path = join(directory, file);
    return { path, bytes: readFileSync(path) };
  };
  return {
    loader: read(target.loader),
    libraries: { "libc.so.6": read("libc.so.6"), "libm.so.6": read("libm.so.6") },
  };
}
