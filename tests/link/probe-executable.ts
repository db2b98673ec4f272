import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildExecutable } from "../../link/build-executable.ts";
import type { NamedBytes } from "../../link/elf-file.ts";
import type { Libc } from "../../link/libc.ts";
import { findSystemLibc, readLibcDirectory } from "../../link/libc-directory.ts";
import { hostTarget, type LinuxTarget, parseTarget, type Target } from "../../link/target.ts";

const root = join(import.meta.dir, "../..");

/** Builds the probe program, by the same steps as btdt. */
export function buildProbe(output: string, options: { dynamic?: boolean; target?: Target } = {}): void {
  buildExecutable(options.target ?? hostTarget(process.platform, process.arch), output, {
    root,
    entrypoints: ["tests/link/probe/main.ts", "tests/link/probe/worker.ts"],
    libcDirectories: [],
    dynamic: options.dynamic ?? false,
    cacheDirectory: join(root, "dist", ".packages"),
  });
}

export function hostLinuxTarget(): LinuxTarget {
  const target = parseTarget(`linux-${process.arch}`);
  if (target.system !== "linux") throw new Error("this test is for Linux only");
  return target;
}

export function hostLibc(): Libc {
  const target = hostLinuxTarget();
  const directory = findSystemLibc(target);
  if (directory === undefined) throw new Error("this test needs the system's glibc");
  return readLibcDirectory(directory, target);
}

export function hostLauncher(): Uint8Array {
  return readFileSync(join(root, "link/launcher", `${hostLinuxTarget().processor}.bin`));
}

export function readNamed(path: string): NamedBytes {
  return { path, bytes: readFileSync(path) };
}
