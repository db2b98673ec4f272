import { BuildError } from "./build-error.ts";
import type { Processor } from "./elf.ts";

/** What a Linux executable is built from: Bun's glibc runtime, and where systems have their glibc. */
export type LinuxTarget = {
  readonly name: "linux-x64" | "linux-arm64";
  readonly system: "linux";
  readonly processor: Processor;
  readonly loader: string;
  /** The directory of the processor's libraries on Debian and its derivatives. */
  readonly multiarch: string;
  readonly debianArchitecture: "amd64" | "arm64";
};

/** Every macOS has Apple's runtime, and linking it in is not allowed: these stay as Bun builds them. */
type DarwinTarget = { readonly name: "darwin-x64" | "darwin-arm64"; readonly system: "darwin" };

export type Target = LinuxTarget | DarwinTarget;

export const linuxTargets: readonly [LinuxTarget, LinuxTarget] = [
  {
    name: "linux-x64",
    system: "linux",
    processor: "x86-64",
    loader: "ld-linux-x86-64.so.2",
    multiarch: "x86_64-linux-gnu",
    debianArchitecture: "amd64",
  },
  {
    name: "linux-arm64",
    system: "linux",
    processor: "aarch64",
    loader: "ld-linux-aarch64.so.1",
    multiarch: "aarch64-linux-gnu",
    debianArchitecture: "arm64",
  },
];

export const targets: readonly Target[] = [
  ...linuxTargets,
  { name: "darwin-x64", system: "darwin" },
  { name: "darwin-arm64", system: "darwin" },
];

export function parseTarget(name: string): Target {
  const target = targets.find((candidate) => candidate.name === name);
  if (target === undefined)
    throw new BuildError(
      "unknown-target",
      "",
      `unknown target "${name}"`,
      `targets are ${targets.map((candidate) => candidate.name).join(", ")}`,
    );
  return target;
}

/** The target for the current machine; undefined if there is none, as on Windows. */
export function hostTarget(platform: string, architecture: string): Target | undefined {
  return targets.find((target) => target.name === `${platform}-${architecture}`);
}
