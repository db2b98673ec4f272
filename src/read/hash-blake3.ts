import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from "node:fs";
import { createBLAKE3, type IHasher } from "hash-wasm";
import { type ByteString, bytesFromBuffer, display, fsPath, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { WorkDone } from "../base/progress.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { Breather } from "../work/breather.ts";

const READ_BYTES = 1024 * 1024;

/**
 * BLAKE3 as computed by the Rust version of btdt, so that its keys stay valid: for a file, what `b3sum` prints; for a
 * directory, the hash over the hash of each name and of its child, in the order of the names' bytes. Symlinks are
 * followed.
 *
 * This module contains WebAssembly code: load it only when needed.
 */
export class Blake3Hasher {
  readonly #hasher: IHasher;
  readonly #isCancelled: () => boolean;
  readonly #onRead: (done: WorkDone) => void;
  readonly #breather = new Breather();
  readonly #buffer = new Uint8Array(READ_BYTES);

  private constructor(hasher: IHasher, isCancelled: () => boolean, onRead: (done: WorkDone) => void) {
    this.#hasher = hasher;
    this.#isCancelled = isCancelled;
    this.#onRead = onRead;
  }

  static async load(isCancelled: () => boolean, onRead: (done: WorkDone) => void): Promise<Blake3Hasher> {
    return new Blake3Hasher(await createBLAKE3(), isCancelled, onRead);
  }

  /** @throws BtdtError SOURCE_MISSING, SOURCE_UNREADABLE, SOURCE_UNSUPPORTED, CANCELLED */
  async hashPath(path: ByteString): Promise<Uint8Array> {
    return await this.#hashBelow(path, []);
  }

  hashBytes(bytes: Uint8Array): Uint8Array {
    return this.#hasher.init().update(bytes).digest("binary");
  }

  /** @param ancestors resolved paths; following a symlink to one of them would never end */
  async #hashBelow(path: ByteString, ancestors: readonly string[]): Promise<Uint8Array> {
    if (this.#isCancelled()) throw new BtdtError("CANCELLED", "stopped before everything was hashed");
    try {
      const stats = statSync(fsPath(path));
      if (stats.isFile()) return await this.#hashFile(path);
      if (!stats.isDirectory()) {
        throw new BtdtError("SOURCE_UNSUPPORTED", `${display(path)} is neither a directory nor a file`, {
          path: display(path),
        });
      }
      const real = realpathSync(fsPath(path), { encoding: "buffer" }).toString("latin1");
      if (ancestors.includes(real)) {
        throw new BtdtError(
          "SOURCE_UNSUPPORTED",
          `${display(path)} is a symlink to a directory that contains it`,
          {
            path: display(path),
            hint: "blake3 follows symlinks; sha256 does not",
          },
        );
      }
      return await this.#hashDirectory(path, [...ancestors, real]);
    } catch (error) {
      throw error instanceof BtdtError ? error : unreadable(path, error);
    }
  }

  async #hashDirectory(path: ByteString, ancestors: readonly string[]): Promise<Uint8Array> {
    const names = readdirSync(fsPath(path), { encoding: "buffer" }).map((name) => bytesFromBuffer(name));
    const parts: Uint8Array[] = [];
    for (const name of names.toSorted()) {
      parts.push(this.hashBytes(Buffer.from(name, "latin1")));
      parts.push(await this.#hashBelow(joinBytes(path, name), ancestors));
    }
    return this.hashBytes(Buffer.concat(parts));
  }

  async #hashFile(path: ByteString): Promise<Uint8Array> {
    const descriptor = openSync(fsPath(path), "r");
    try {
      this.#hasher.init();
      for (;;) {
        if (this.#isCancelled()) throw new BtdtError("CANCELLED", "stopped before everything was hashed");
        const length = readSync(descriptor, this.#buffer, 0, READ_BYTES, null);
        if (length === 0) break;
        this.#hasher.update(this.#buffer.subarray(0, length));
        this.#onRead({ bytes: length });
        await this.#breather.breathe();
      }
      this.#onRead({ files: 1 });
      return this.#hasher.digest("binary");
    } finally {
      closeSync(descriptor);
    }
  }
}

function unreadable(path: ByteString, error: unknown): BtdtError {
  const name = display(path);
  return errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR"
    ? new BtdtError("SOURCE_MISSING", `cannot hash ${name}: no such file or directory`, { path: name })
    : new BtdtError("SOURCE_UNREADABLE", `cannot read ${name}: ${reasonOf(error)}`, {
        path: name,
        cause: error,
      });
}
