import type { NamedBytes } from "../link/elf-file.ts";
import { readAppletNames } from "./busybox.ts";
import type { LayerEntry } from "./layer.ts";
import type { ImageConfig } from "./oci-archive.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The one file of the scratch image. */
export function executableEntries(executable: Uint8Array): LayerEntry[] {
  return [
    { kind: "directory", path: "usr", mode: 0o755 },
    { kind: "directory", path: "usr/bin", mode: 0o755 },
    { kind: "file", path: "usr/bin/btdt", mode: 0o755, bytes: executable },
  ];
}

/** What else is in the shell image: busybox under all its names, its licence, and a directory for temporary files. */
export function shellEntries(busybox: NamedBytes, licence: Uint8Array): LayerEntry[] {
  const documents = "usr/share/doc/busybox-static";
  return [
    { kind: "directory", path: "bin", mode: 0o755 },
    { kind: "file", path: "bin/busybox", mode: 0o755, bytes: busybox.bytes },
    ...readAppletNames(busybox)
      .filter((name) => name !== "busybox")
      .map((name): LayerEntry => ({ kind: "symlink", path: `bin/${name}`, target: "busybox" })),
    { kind: "directory", path: "tmp", mode: 0o1777 },
    ...["usr", "usr/share", "usr/share/doc", documents].map(
      (path): LayerEntry => ({ kind: "directory", path, mode: 0o755 }),
    ),
    { kind: "file", path: `${documents}/copyright`, mode: 0o644, bytes: licence },
  ];
}

/** Runs btdt itself, as a user that no system has. */
export function scratchConfig(labels: Readonly<Record<string, string>>): ImageConfig {
  return { User: "65532:65532", Env: [PATH], Entrypoint: ["btdt"], WorkingDir: "/", Labels: labels };
}

/**
 * For scripts in pipelines. It runs as root, like the images of most other steps: they share a volume, and each step
 * must be able to read and replace what another has written. The step's `runAsUser` changes this.
 */
export function shellConfig(labels: Readonly<Record<string, string>>): ImageConfig {
  return { User: "0:0", Env: [PATH], Cmd: ["/bin/sh"], WorkingDir: "/", Labels: labels };
}
