import { type ExportRequest, type ExportResult, exportEntry } from "../archive/export-entry.ts";
import type { ObjectStore } from "../bucket/object-store.ts";
import { damageWarning, type UnusableKey } from "../entry/find-entry.ts";
import { keyFileName } from "../key/key-file-name.ts";
import type { Runtime } from "../work/runtime.ts";
import { fetchEntry } from "./fetch-entry.ts";
import { fetchRecord } from "./fetch-record.ts";
import { withTemporaryCache } from "./temporary-cache.ts";

/**
 * Exports the first key found. Its packs are fetched first, so temporary files take as much room as they do.
 * @throws BtdtError as `exportEntry` and `ObjectStore`; a `node:fs` error
 */
export async function exportFromBucket(
  store: ObjectStore,
  request: Omit<ExportRequest, "cache">,
  runtime: Runtime,
): Promise<ExportResult> {
  const unusable: UnusableKey[] = [];
  for (const key of request.keys) {
    const read = await fetchRecord(store, keyFileName(key));
    if (read.kind === "missing") continue;
    const exported =
      read.kind === "damaged"
        ? read
        : await withTemporaryCache(async (cache) => {
            const fetched = await fetchEntry(store, read.record, cache);
            if (fetched.kind === "damaged") return fetched;
            return await exportEntry({ ...request, cache, keys: [key] }, runtime);
          });
    switch (exported.kind) {
      case "exported":
        return { ...exported, isPrimary: key === request.keys[0] };
      case "missed":
        unusable.push(...exported.unusable);
        break;
      case "damaged":
        runtime.onWarning(damageWarning(key, exported.reason));
        unusable.push({ key, reason: exported.reason });
    }
  }
  return { kind: "missed", unusable };
}
