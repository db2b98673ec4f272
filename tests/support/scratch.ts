import { afterEach, beforeEach } from "bun:test";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./executable.ts";

/** Some tests leave hundreds of thousands of files, and disks can be slow. */
const CLEANUP_TIMEOUT_MS = 15 * 60_000;

/** Where there is room for large trees. */
export function diskDirectory(): string {
  return process.env["BTDT_TEST_DISK"] ?? tmpdir();
}

/** A directory for each test, along with what it mounts there; both are removed afterwards. */
export class Scratch {
  #root = "";
  #mounts: string[] = [];
  #count = 0;

  /** Call it once in a test file, at the top. */
  static use(parent = tmpdir()): Scratch {
    const scratch = new Scratch();
    beforeEach(() => {
      scratch.#root = mkdtempSync(join(parent, "btdt-test-"));
      scratch.#mounts = [];
    });
    afterEach(() => {
      for (const mount of scratch.#mounts.toReversed()) run(["umount", "-l", mount]);
      // Not with `rmSync`: rm copes with names that are not UTF-8 and with inaccessible directories.
      run(["chmod", "-R", "u+rwX", scratch.#root]);
      run(["rm", "-rf", "--one-file-system", scratch.#root]);
      scratch.#root = "";
    }, CLEANUP_TIMEOUT_MS);
    return scratch;
  }

  /**
   * The same on a real disk, with room for large trees, if `tests/run.ts` has put the files of other tests into
   * memory.
   */
  static useDisk(): Scratch {
    return Scratch.use(diskDirectory());
  }

  path(...parts: string[]): string {
    if (this.#root === "") throw new Error("no test is running");
    return join(this.#root, ...parts);
  }

  /** Creates an empty directory. */
  directory(...parts: string[]): string {
    const path = this.path(...parts);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** An unused path. */
  fresh(name = "x"): string {
    this.#count += 1;
    return this.path(`${name}-${this.#count}`);
  }

  freshDirectory(name = "d"): string {
    const path = this.fresh(name);
    mkdirSync(path);
    return path;
  }

  /** Will be unmounted after the test. */
  noteMount(path: string): void {
    this.#mounts.push(path);
  }
}
