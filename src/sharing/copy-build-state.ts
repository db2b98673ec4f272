import { Sharing } from "./classify-files.ts";

/**
 * For trees from a cache that must not change: build state is copied, however large it is, because what a tool writes
 * into it would be written into the cache.
 * @param sharing see `classifyFiles`; changed in place
 */
export function copyBuildState(sharing: Uint8Array): void {
  for (let file = sharing.indexOf(Sharing.EXCLUSIVE); file >= 0; ) {
    sharing[file] = Sharing.OWN;
    file = sharing.indexOf(Sharing.EXCLUSIVE, file + 1);
  }
}
