import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunBtdt } from "./four-commands.ts";

export type World = {
  /** Who runs btdt; root when absent. */
  readonly uid?: number;
  readonly readOnly?: boolean;
  readonly openFilesMax?: number;
  /** Further namespaces to be alone in, as options of `unshare`. */
  readonly namespaces?: readonly string[];
  /** What to start, as seen from inside; the executable itself when absent. */
  readonly command?: readonly string[];
};

/** A directory that becomes `/` for btdt: it holds the executable, `/proc` and the mount point `/data`, nothing else. */
export class BareRoot implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "btdt-root-"));
  /** What is mounted at `/data`. */
  readonly volume = mkdtempSync(join(tmpdir(), "btdt-volume-"));

  constructor(executable: string) {
    chmodSync(this.path, 0o755);
    for (const directory of ["proc", "data"]) mkdirSync(join(this.path, directory));
    this.add(executable, "btdt");
  }

  add(file: string, name: string): void {
    copyFileSync(file, join(this.path, name));
    chmodSync(join(this.path, name), 0o755);
  }

  /** Runs btdt in it, in mount and process namespaces of its own, with an empty environment. */
  runner(world: World): RunBtdt {
    const { uid, readOnly = false, openFilesMax, namespaces = [], command = ["/btdt"] } = world;
    const user = uid === undefined ? "" : `--userspec=${uid}:${uid} --groups=`;
    const script = [
      'mount --bind "$1" "$1" && mount -t proc proc "$1/proc" && mount --bind "$2" "$1/data"',
      ...(readOnly ? ['mount -o remount,bind,ro "$1"'] : []),
      ...(openFilesMax === undefined ? [] : [`ulimit -n ${openFilesMax}`]),
      `root=$1; shift 2; exec chroot ${user} "$root" "$@"`,
    ].join(" && ");
    return (...args) => {
      const inside = ["sh", "-c", script, "sh", this.path, this.volume, ...command, ...args];
      const run = Bun.spawnSync(["unshare", "--mount", "--pid", "--fork", ...namespaces, ...inside], {
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      return { exitCode: run.exitCode, stdout: run.stdout.toString(), stderr: run.stderr.toString() };
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
    rmSync(this.volume, { recursive: true });
  }
}
