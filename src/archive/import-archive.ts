import { accessSync, constants, fstatSync, statSync } from "node:fs";
import { escapeControls } from "../base/byte-string.ts";
import type { Compression } from "../base/compression.ts";
import { BtdtError } from "../base/errors.ts";
import type { Storage } from "../base/storage.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import { Session } from "../cache/session.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { IgnoreRules } from "../read/ignore-rules.ts";
import type { StoreResult } from "../store/request.ts";
import { storeSources } from "../store/store.ts";
import { Breather } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import type { ArchiveSource } from "./format/open-archive.ts";

export interface ImportRequest {
  readonly cache: CacheDirectory;
  readonly keys: readonly [string, ...string[]];
  /** The path of a tar, tar.gz or zip file, or of a pipe that a tar or tar.gz comes from; `-` is standard input. */
  readonly archive: string;
  readonly storage: Storage;
  readonly compression: Compression;
}

/** What stands for the standard input, as with most tools. A file of this name is `./-`. */
const STDIN_NAME = "-";

/**
 * Keeps the tree of an archive. It is made within the cache first, where its files become objects without a copy.
 * @throws BtdtError
 */
export async function importArchive(request: ImportRequest, runtime: Runtime): Promise<StoreResult> {
  const { cache, archive } = request;
  const { source: archiveSource, sizeBytes } = examine(archive);
  cache.prepareForWriting();
  const session = Session.open(cache);
  try {
    // Loaded when asked for: other commands do not pay for the libraries.
    const { archiveEntries } = await import("./format/open-archive.ts");
    const { extract } = await import("./extract.ts");
    const tree = session.temporaryPath();
    const breather = new Breather();
    const onRead = async (bytes: number): Promise<void> => {
      runtime.progress.add({ bytes });
      await breather.breathe();
      if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before anything was stored");
    };
    runtime.progress.begin({
      name: "unpacking",
      unit: "bytes",
      ...(sizeBytes === undefined ? {} : { bytes: sizeBytes }),
    });
    try {
      const entries = archiveEntries(archiveSource, { isCancelled: runtime.isCancelled, onRead });
      await extract(entries, tree, () => runtime.progress.add({ files: 1 }));
    } catch (error) {
      throw cacheWriteError(cache, error);
    }
    const store = { ...request, ignoreMtime: false, linkMode: "auto" as const };
    const source = { path: tree, ignoreRules: new IgnoreRules([], false), recordedPath: undefined };
    return await storeSources(store, [source], session, runtime);
  } finally {
    runtime.progress.end();
    session.close();
  }
}

/** @throws BtdtError SOURCE_MISSING, SOURCE_UNREADABLE, SOURCE_UNSUPPORTED */
function examine(archive: string): {
  readonly source: ArchiveSource;
  readonly sizeBytes: number | undefined;
} {
  const isStdin = archive === STDIN_NAME;
  const name = isStdin ? "the standard input" : escapeControls(archive);
  try {
    // By way of a symlink as well.
    if (!isStdin) accessSync(archive, constants.R_OK);
    const status = isStdin ? fstatSync(0) : statSync(archive);
    const source: ArchiveSource = isStdin ? { kind: "stdin" } : { kind: "path", path: archive };
    if (status.isFile()) return { source, sizeBytes: status.size };
    if (status.isFIFO() || status.isSocket()) return { source, sizeBytes: undefined };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const isMissing = errno === "ENOENT" || errno === "ENOTDIR" || errno === "EBADF";
    throw new BtdtError(
      isMissing ? "SOURCE_MISSING" : "SOURCE_UNREADABLE",
      isMissing ? `there is no ${name} to import` : `cannot read ${name}: ${reasonOf(error)}`,
      { path: name },
    );
  }
  throw new BtdtError("SOURCE_UNSUPPORTED", `${name} is neither a file nor a pipe`, {
    path: name,
    hint: "give a tar, tar.gz or zip file, or send a tar or tar.gz through a pipe",
  });
}
