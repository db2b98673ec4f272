import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findArchive } from "../archive/archive-source.ts";
import type { ImportRequest } from "../archive/import-archive.ts";
import { unpackArchive } from "../archive/unpack-archive.ts";
import { bytesFromText } from "../base/byte-string.ts";
import type { ObjectStore } from "../bucket/object-store.ts";
import { discardTree } from "../fs/remove-tree.ts";
import { SKIP_NOTHING, type StoreResult } from "../store/request.ts";
import type { Runtime } from "../work/runtime.ts";
import { createEmptyCache } from "./empty-cache.ts";
import { storeSourcesInBucket } from "./store-in-bucket.ts";

/**
 * Stores the tree of an archive. It is unpacked among the temporary files first. A kill leaves it there.
 * @throws BtdtError; a `node:fs` error
 */
export async function importIntoBucket(
  store: ObjectStore,
  request: Omit<ImportRequest, "cache">,
  runtime: Runtime,
): Promise<StoreResult> {
  const found = findArchive(request.archive);
  const directory = mkdtempSync(join(tmpdir(), "btdt-import-"));
  try {
    const source = await unpackArchive(found, bytesFromText(join(directory, "tree")), runtime);
    const settings = {
      ...request,
      cache: createEmptyCache(),
      ignoreMtime: false,
      skip: SKIP_NOTHING,
      linkMode: "auto" as const,
    };
    return await storeSourcesInBucket(settings, [source], store, runtime);
  } finally {
    runtime.progress.end();
    discardTree(bytesFromText(directory));
  }
}
