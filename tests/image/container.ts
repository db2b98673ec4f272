import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunBtdt } from "../link/four-commands.ts";

type RuntimeConfig = {
  process: {
    terminal: boolean;
    args: string[];
    cwd: string;
    env: string[];
    user: { uid: number; gid: number };
  };
  root: { path: string; readonly: boolean };
  linux: { namespaces: { type: string }[] };
  mounts: { destination: string; type: string; source: string; options: string[] }[];
};

export interface ContainerOptions {
  /** `NAME=value`, besides the image's. */
  readonly env?: readonly string[];
  /** Instead of none at all. */
  readonly hasHostNetwork?: boolean;
}

function succeed(...command: string[]): void {
  const run = Bun.spawnSync(command);
  if (run.exitCode !== 0) throw new Error(`${command.join(" ")}: ${run.stderr.toString()}`);
}

/** An image of an OCI archive, unpacked; skopeo checks every digest on the way. */
export class UnpackedImage {
  readonly directory: string;
  readonly #config: RuntimeConfig;
  #started = 0;

  constructor(archive: string, architecture: "amd64" | "arm64", directory: string) {
    this.directory = join(directory, "bundle");
    const layout = `${directory}/layout:image`;
    mkdirSync(directory, { recursive: true });
    succeed("skopeo", "copy", "--override-arch", architecture, `oci-archive:${archive}`, `oci:${layout}`);
    succeed("umoci", "unpack", "--image", layout, this.directory);
    this.#config = JSON.parse(readFileSync(join(this.directory, "config.json"), "utf8"));
  }

  /** What a pull of it transfers. */
  get compressedSizeBytes(): number {
    const layout = join(this.directory, "..", "layout");
    const json = (path: string) => JSON.parse(readFileSync(join(layout, path), "utf8"));
    const [{ digest }] = json("index.json").manifests;
    const { layers, config } = json(join("blobs", digest.replace(":", "/")));
    return [config, ...layers].reduce((sum: number, { size }: { size: number }) => sum + size, 0);
  }

  get user(): string {
    const { uid, gid } = this.#config.process.user;
    return `${uid}:${gid}`;
  }

  /**
   * Runs it in a container with a read-only root and host directories mounted. `command` replaces what the
   * image starts; without it, arguments are added to that.
   */
  runner(
    mounts: Readonly<Record<string, string>>,
    cwd = "/",
    command?: readonly string[],
    { env = [], hasHostNetwork = false }: ContainerOptions = {},
  ): RunBtdt {
    return (...args) => {
      const { process, root, linux } = this.#config;
      const namespaces = linux.namespaces.filter(({ type }) => !hasHostNetwork || type !== "network");
      const config: RuntimeConfig = {
        ...this.#config,
        process: {
          ...process,
          terminal: false,
          cwd,
          args: [...(command ?? process.args), ...args],
          env: [...process.env, ...env],
        },
        linux: { ...linux, namespaces },
        root: { ...root, readonly: true },
        mounts: [
          ...this.#config.mounts,
          ...Object.entries(mounts).map(([destination, source]) => ({
            destination,
            source,
            type: "bind",
            options: ["rbind", "rw"],
          })),
        ],
      };
      writeFileSync(join(this.directory, "config.json"), JSON.stringify(config));
      this.#started += 1;
      const name = `btdt-test-${globalThis.process.pid}-${this.#started}`;
      const state = join(this.directory, "..", "state");
      const run = Bun.spawnSync(["runc", "--root", state, "run", "--bundle", this.directory, name]);
      return { exitCode: run.exitCode, stdout: run.stdout.toString(), stderr: run.stderr.toString() };
    };
  }
}
