import { joinBytes } from "../base/byte-string.ts";
import type { Pause } from "../base/pause.ts";
import { lstat } from "../fs/native/file-status.ts";
import { walkTree } from "../read/walk-tree.ts";
import type { StoreRequest } from "./request.ts";
import { findSources } from "./sources.ts";

/**
 * The space that the files to be stored take now: about the most that storing them needs. What cannot be read, the
 * store reports or leaves out.
 * @param pause called between two files
 * @throws BtdtError like `findSources` and `walkTree`; a `node:fs` error
 */
export async function measureSources(request: StoreRequest, pause: Pause): Promise<number> {
  let bytes = 0;
  for (const { path, ignoreRules } of findSources(request, request.cache)) {
    bytes += lstat(path)?.allocatedBytes ?? 0;
    if (ignoreRules === undefined) continue;
    const options = {
      ignoreRules,
      excludedDirectory: request.cache.rootStatus(),
      onWarning: () => undefined,
    };
    for (const directory of walkTree(path, options, () => undefined)) {
      await pause();
      if (directory === undefined) continue;
      for (const name of directory.files) {
        bytes += lstat(joinBytes(path, joinBytes(directory.path, name)))?.allocatedBytes ?? 0;
        await pause();
      }
    }
  }
  return bytes;
}
