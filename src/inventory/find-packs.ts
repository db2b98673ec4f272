import type { CacheDirectory } from "../cache/cache-directory.ts";
import { PackContents } from "../packs/contents/pack-contents.ts";
import { listPacks } from "../packs/contents/pack-directory.ts";
import { readPack } from "../packs/contents/read-pack.ts";
import type { Doubts } from "./doubts.ts";
import { listTwice } from "./list-twice.ts";

export interface PacksOfCache {
  readonly packs: PackContents;
  /** Why there may be more packs than these, if some could not be read. */
  readonly unreadable: string | undefined;
}

/** The packs of a cache. @throws BtdtError CACHE_FORMAT_NEWER */
export function findPacks(cache: CacheDirectory, doubts: Doubts): PacksOfCache {
  const names = doubts.attempt("the list of packs", () => listTwice(() => listPacks(cache)));
  const packs = new PackContents(
    (names ?? []).map((name) => readPack(cache, name)).filter((pack) => pack !== undefined),
  );
  for (const pack of packs.unreadable) doubts.addPack(pack);
  const isComplete = names !== undefined && packs.unreadable.length === 0;
  return { packs, unreadable: isComplete ? undefined : "not all packs can be read" };
}
