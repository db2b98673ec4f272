import { accessSync, constants, statSync } from "node:fs";
import type { CacheDirectory } from "../backends/cache-directory.ts";
import { cacheWriteError } from "../backends/cache-directory.ts";
import { Session } from "../backends/session.ts";
import { printable } from "../base/byte-string.ts";
import type { Compression } from "../base/compression.ts";
import { BtdtError } from "../base/errors.ts";
import type { Storage } from "../base/storage.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { IgnoreRules } from "../tree/ignore-rules.ts";
import type { Runtime } from "./runtime.ts";
import { type StoreResult, storeSources } from "./store-tree.ts";

export interface ImportRequest {
  readonly cache: CacheDirectory;
  readonly keys: readonly [string, ...string[]];
  /** A tar, tar.gz or zip file. */
  readonly archive: string;
  readonly storage: Storage;
  readonly compression: Compression;
}

/**
 * Keeps the tree of an archive. It is made within the cache first, where its files become objects without a copy.
 * @throws BtdtError
 */
export async function importArchive(request: ImportRequest, runtime: Runtime): Promise<StoreResult> {
  const { cache, archive } = request;
  assertReadable(archive);
  cache.prepareForWriting();
  const session = Session.open(cache);
  try {
    // Loaded when asked for: other commands do not pay for the libraries.
    const { archiveEntries } = await import("../archive/open-archive.ts");
    const { extract } = await import("../archive/extract.ts");
    const tree = session.temporaryPath();
    try {
      await extract(archiveEntries(archive), tree);
    } catch (error) {
      throw cacheWriteError(cache, error);
    }
    const store = { ...request, ignoreMtime: false, linkMode: "auto" as const };
    const source = { path: tree, ignoreRules: new IgnoreRules([], false), recordedPath: undefined };
    return await storeSources(store, [source], session, runtime);
  } finally {
    session.close();
  }
}

/** @throws BtdtError SOURCE_MISSING, SOURCE_UNREADABLE, SOURCE_UNSUPPORTED */
function assertReadable(archive: string): void {
  const name = printable(archive);
  try {
    // By way of a symlink as well.
    accessSync(archive, constants.R_OK);
    if (statSync(archive).isFile()) return;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const isMissing = errno === "ENOENT" || errno === "ENOTDIR";
    throw new BtdtError(
      isMissing ? "SOURCE_MISSING" : "SOURCE_UNREADABLE",
      isMissing ? `there is no ${name} to import` : `cannot read ${name}: ${reasonOf(error)}`,
      { path: name },
    );
  }
  throw new BtdtError("SOURCE_UNSUPPORTED", `${name} is not a file`, {
    path: name,
    hint: "a pipe has to be kept in a file first",
  });
}
