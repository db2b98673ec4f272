import { type ByteString, display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import { prepareCache } from "../cache/prepare-cache.ts";
import { Session } from "../cache/session.ts";
import { errnoOf } from "../fs/errno.ts";
import { IgnoreRules } from "../read/ignore-rules.ts";
import type { StoreRequest, StoreResult } from "../store/request.ts";
import { storeSources } from "../store/store.ts";
import { Breather } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { findArchive } from "./archive-source.ts";

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
    // Loaded on demand: other commands do not pay for the libraries.
    const { readArchive } = await import("./open-archive.ts");
    const { extract } = await import("./extract.ts");
    const breather = new Breather();
    const onRead = async (bytes: number): Promise<void> => {
      runtime.progress.add({ bytes });
      await breather.breathe();
      if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before anything was stored");
    };
    runtime.progress.begin({
      name: "unpacking",
      unit: "bytes",
      ...(found.sizeBytes === undefined ? {} : { bytes: found.sizeBytes }),
    });
    const skipped: ByteString[] = [];
    const entries = readArchive(found.source, {
      isCancelled: runtime.isCancelled,
      onRead,
      onSkip: (path) => skipped.push(path),
    });
    const tree = session.temporaryPath();
    let pathCount: number;
    try {
      pathCount = await extract(entries, tree, {
        umask: runtime.umask,
        onEntry: async () => {
          runtime.progress.add({ files: 1 });
          await onRead(0);
        },
      });
    } catch (error) {
      // Faults of the archive are BtdtErrors by now.
      throw errnoOf(error) === undefined ? error : cacheWriteError(cache, error);
    }
    warnOfSkipped(skipped, runtime.onWarning);
    const store = { ...request, ignoreMtime: false, linkMode: "auto" as const };
    const source = {
      name: undefined,
      path: tree,
      ignoreRules: new IgnoreRules([], false),
      recordedPath: undefined,
      pathCount,
    };
    return await storeSources(store, [source], session, runtime);
  } finally {
    runtime.progress.end();
    session.close();
  }
}

function warnOfSkipped(
  [first, ...others]: readonly ByteString[],
  onWarning: (warning: string) => void,
): void {
  if (first === undefined) return;
  const more = others.length === 0 ? "" : ` and ${others.length.toLocaleString("en-US")} more`;
  onWarning(`skipped ${display(first)}${more}: neither a file, a directory nor a link`);
}
