import { cacheWriteError } from "../cache/cache-errors.ts";
import { prepareCache } from "../cache/prepare-cache.ts";
import { Session } from "../cache/session.ts";
import { errnoOf } from "../fs/errno.ts";
import { SKIP_NOTHING, type StoreRequest, type StoreResult } from "../store/request.ts";
import { storeSources } from "../store/store.ts";
import type { Runtime } from "../work/runtime.ts";
import { findArchive } from "./archive-source.ts";
import { unpackArchive } from "./unpack-archive.ts";

export interface ImportRequest
  extends Pick<StoreRequest, "cache" | "keys" | "globs" | "storage" | "compression" | "durability" | "pin"> {
  /** The path of a tar, tar.gz, tar.zst or zip file, or of a pipe with any but a zip; `-` is standard input. */
  readonly archive: string;
}

/**
 * Stores the tree of an archive. It is first created inside the cache, where its files become objects without being
 * copied.
 * @throws BtdtError
 */
export async function importArchive(request: ImportRequest, runtime: Runtime): Promise<StoreResult> {
  const { cache, archive } = request;
  const found = findArchive(archive);
  prepareCache(cache);
  const session = Session.open(cache);
  try {
    const tree = session.temporaryPath();
    const source = await unpackArchive(found, tree, runtime).catch((error: unknown) => {
      // Faults of the archive are BtdtErrors by now.
      throw errnoOf(error) === undefined ? error : cacheWriteError(cache, error);
    });
    const store = { ...request, ignoreMtime: false, linkMode: "auto" as const };
    return await storeSources({ ...store, skip: SKIP_NOTHING }, [source], session, runtime);
  } finally {
    runtime.progress.end();
    session.close();
  }
}
