import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BuildError } from "./build-error.ts";
import { compile } from "./compile.ts";
import { fetchDebianPackage } from "./debian-package.ts";
import type { Processor } from "./elf.ts";
import { findSystemLibc, pickLibc, readLibcDirectory } from "./libc-directory.ts";
import { applyPlan, planStaticLink } from "./static-link.ts";
import type { LinuxTarget, Target } from "./target.ts";

export type BuildOptions = {
  /** Where `src/` is. */
  readonly root: string;
  readonly entrypoints: readonly string[];
  /** Directories with a glibc to embed; if empty, the system's or, on Debian, a package's is used. */
  readonly libcDirectories: readonly string[];
  /** Leave Linux executables as Bun builds them. */
  readonly dynamic: boolean;
  /** Where fetched packages are kept. */
  readonly cacheDirectory: string;
};

/**
 * Builds one executable at `output`, which is afterwards either complete or as it was before. Without a target,
 * it is what Bun builds for this machine.
 */
export function buildExecutable(target: Target | undefined, output: string, options: BuildOptions): void {
  // Before compiling, so that a wrong directory is reported at once.
  const libcDirectory =
    target?.system === "linux" && !options.dynamic ? chooseLibc(target, options) : undefined;
  const directory = join(output, "..");
  mkdirSync(directory, { recursive: true });
  const scratch = mkdtempSync(join(directory, ".build-"));
  try {
    const compiled = join(scratch, "btdt");
    compile(options.root, options.entrypoints, target, compiled);
    if (target?.system === "linux" && libcDirectory !== undefined)
      linkInPlace(compiled, target, libcDirectory);
    renameSync(compiled, output);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function chooseLibc(target: LinuxTarget, options: BuildOptions): string {
  if (options.libcDirectories.length > 0) return pickLibc(options.libcDirectories, target);
  const system = findSystemLibc(target);
  if (system !== undefined) return system;
  if (Bun.which("apt-get") === null)
    throw new BuildError(
      "libc-missing",
      "",
      `this system has no glibc for ${target.name} to embed`,
      "choose a directory that has one with --libc-dir DIR, or build a dynamic executable with --dynamic",
    );
  const fetched = fetchDebianPackage("libc6", target.debianArchitecture, options.cacheDirectory);
  return pickLibc(
    [join(fetched, "lib", target.multiarch), join(fetched, "usr/lib", target.multiarch)],
    target,
  );
}

function linkInPlace(path: string, target: LinuxTarget, libcDirectory: string): void {
  const bytes = readFileSync(path);
  const plan = planStaticLink(
    { path, bytes },
    readLibcDirectory(libcDirectory, target),
    readLauncher(target.processor),
  );
  writeFileSync(path, applyPlan(bytes, plan));
  chmodSync(path, 0o755);
}

function readLauncher(processor: Processor): Uint8Array {
  return readFileSync(join(import.meta.dir, "launcher", `${processor}.bin`));
}
