import { afterEach, beforeEach } from "bun:test";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./executable.ts";

/** Some tests leave hundreds of thousands of files, and disks can be slow. */
const CLEANUP_TIMEOUT_MS = 15 * 60_000;

/** Where large trees have room. */
export function diskDirectory(): string {
  return process.env["BTDT_TEST_DISK"] ?? tmpdir();
}

/** A directory for each test, with what it has mounted there; both are gone after it. */
export class Scratch {
  #root = "";
  #mounts: string[] = [];
  #count = 0;

  /** To be called once by a test file, at its top. */
  static use(parent = tmpdir()): Scratch {
    const scratch = new Scratch();
    beforeEach(() => {
      scratch.#root = mkdtempSync(join(parent, "btdt-test-"));
      scratch.#mounts = [];
    });
    afterEach(() => {
      for (const mount of scratch.#mounts.toReversed()) run(["umount", "-l", mount]);
      // Not by `rmSync`: names that are not UTF-8 and directories that are closed are no obstacle to rm.
      run(["chmod", "-R", "u+rwX", scratch.#root]);
      run(["rm", "-rf", "--one-file-system", scratch.#root]);
      scratch.#root = "";
    }, CLEANUP_TIMEOUT_MS);
    return scratch;
  }

  /** The same on a real disk, with room for large trees, where `tests/run.ts` has put other tests' files into memory. */
  static useDisk(): Scratch {
    return Scratch.use(diskDirectory());
  }

  path(...parts: string[]): string {
    if (this.#root === "") throw new Error("no test is running");
    return join(this.#root, ...parts);
  }

  /** Makes an empty directory. */
  directory(...parts: string[]): string {
    const path = this.path(...parts);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A path that nothing has yet. */
  fresh(name = "x"): string {
    this.#count += 1;
    return this.path(`${name}-${this.#count}`);
  }

  freshDirectory(name = "d"): string {
    const path = this.fresh(name);
    mkdirSync(path);
    return path;
  }

  /** To be unmounted after the test. */
  noteMount(path: string): void {
    this.#mounts.push(path);
  }
}
