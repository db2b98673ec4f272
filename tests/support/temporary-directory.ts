import { afterAll } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ByteString, bytesFromText } from "../../src/base/byte-string.ts";

/** A directory of a test file's own, removed when all its tests have run. */
export class TemporaryDirectory {
  readonly path = mkdtempSync(join(tmpdir(), "btdt-unit-"));
  #count = 0;

  constructor() {
    afterAll(() => {
      Bun.spawnSync(["chmod", "-R", "u+rwx", this.path]);
      rmSync(this.path, { recursive: true, force: true });
    });
  }

  /** A path in it that nothing has yet. */
  fresh(name = "x"): string {
    this.#count += 1;
    return join(this.path, `${name}-${this.#count}`);
  }

  freshDirectory(name = "d"): string {
    const path = this.fresh(name);
    mkdirSync(path);
    chmodSync(path, 0o755);
    return path;
  }

  bytes(path: string): ByteString {
    return bytesFromText(path);
  }
}
