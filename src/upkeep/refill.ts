import { type ByteString, bytesFromText, display, joinBytes } from "../base/byte-string.ts";
import { DIGEST_HEX_DIGITS } from "../base/digest.ts";
import { BtdtError, isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { withSharedLock } from "../cache/cache-lock.ts";
import type { Session } from "../cache/session.ts";
import { errnoOf, isDiskFullErrno, reasonOf } from "../fs/errno.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { syncFile } from "../fs/publish-file.ts";
import { discardTree } from "../fs/remove-tree.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { copyObjectJob } from "../objects/copy-object.ts";
import { objectAttributes } from "../objects/object-attributes.ts";
import { replaceObject } from "../objects/object-claim.ts";
import { nameObject } from "../objects/object-name.ts";
import { objectPath } from "../objects/object-path.ts";
import type { Runtime } from "../work/runtime.ts";
import type { DamagedFile } from "./find-damage.ts";

/** Creates objects from good copies, wherever these are. */
export class Refiller {
  readonly #cache: CacheDirectory;
  readonly #session: Session;
  readonly #runtime: Runtime;
  /** A directory that may be the tree, or the directory that its path is relative to. */
  readonly #from: ByteString | undefined;
  #failure: BtdtError | undefined;
  /** The names of objects, by content. */
  readonly #namesOfDigest = new Map<string, string[]>();

  constructor(
    cache: CacheDirectory,
    session: Session,
    runtime: Runtime,
    from: ByteString | undefined,
    stock: Inventory,
  ) {
    this.#cache = cache;
    this.#session = session;
    this.#runtime = runtime;
    this.#from = from;
    for (const [, { kind, name }] of stock.items.files()) {
      if (kind !== "object") continue;
      const digest = digestPart(name);
      this.#namesOfDigest.set(digest, [...(this.#namesOfDigest.get(digest) ?? []), name]);
    }
  }

  /** Why a copy that may be good could not be made, if there was one: what is missing then is not lost. */
  get failure(): BtdtError | undefined {
    return this.#failure;
  }

  /**
   * Creates a file's object; returns false if there is no good copy. @throws BtdtError CACHE_WRITE_FAILED, CANCELLED;
   * a `node:fs` error
   */
  async refill({ manifest, file, tree }: DamagedFile): Promise<boolean> {
    const attributes = objectAttributes(manifest, file);
    const name = nameObject(manifest, file);
    for (const source of this.#findCopies(name, tree.path, manifest.filePath(file))) {
      const temporary = this.#session.temporaryPath();
      if (!(await this.#copy(source, temporary, name, attributes))) continue;
      syncFile(temporary);
      await withSharedLock(this.#cache, this.#runtime.isCancelled, () => {
        replaceObject(temporary, new PathBuffer().set(objectPath(this.#cache.objects, name)));
      });
      return true;
    }
    return false;
  }

  *#findCopies(name: string, treePath: string | undefined, filePath: ByteString): Generator<ByteString> {
    for (const other of this.#namesOfDigest.get(digestPart(name)) ?? []) {
      yield objectPath(this.#cache.objects, other);
    }
    if (this.#from === undefined) return;
    for (const root of treePath === undefined
      ? [this.#from]
      : [this.#from, joinBytes(this.#from, bytesFromText(treePath))]) {
      yield filePath === "" ? root : joinBytes(root, filePath);
    }
  }

  /**
   * Returns false, with nothing left behind, if the source is not a good copy. @throws BtdtError CANCELLED; a
   * `node:fs` error if the disk is full
   */
  async #copy(
    source: ByteString,
    temporary: ByteString,
    name: string,
    attributes: FileAttributes,
  ): Promise<boolean> {
    const { runners } = this.#runtime;
    try {
      const input = { source, target: temporary, name, attributes };
      const condition = await runners.pool.run(copyObjectJob, input);
      if (condition === "whole") return true;
      if (condition === "missing") return false;
      if (condition === "unreadable")
        this.#failure ??= copyFailed(source, new Error("the copy cannot be read"));
    } catch (error) {
      const errno = errnoOf(error);
      if (isBtdtError(error, "CANCELLED") || isDiskFullErrno(errno)) throw error;
      if (!(error instanceof BtdtError) && errno === undefined) throw error;
      if (errno === undefined || !NO_COPY.has(errno)) this.#failure ??= copyFailed(source, error);
    }
    discardTree(temporary);
    return false;
  }
}

/** There is no such file. With any other errno, it may exist and be good. */
const NO_COPY: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);

function copyFailed(source: ByteString, cause: unknown): BtdtError {
  const path = display(source);
  return new BtdtError("SYSTEM", `cannot repair with ${path}: ${reasonOf(cause)}`, {
    path,
    cause,
    hint: "no entry was removed; run the command again",
  });
}

function digestPart(objectName: string): string {
  return objectName.slice(0, DIGEST_HEX_DIGITS);
}
