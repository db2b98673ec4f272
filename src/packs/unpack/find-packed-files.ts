import type { ByteString } from "../../base/byte-string.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import { describeErrno, ignoringErrno } from "../../fs/errno.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { listShardNames, objectNamesInShard } from "../../objects/list-objects.ts";
import { nameObject } from "../../objects/object-name.ts";
import { PackContents } from "../contents/pack-contents.ts";
import { listPacks } from "../contents/pack-directory.ts";
import type { StoredPack } from "../contents/read-pack.ts";
import { type ContentSources, findContentSources, isPacked, lacksObject } from "./content-sources.ts";

/** The packs of a cache, and which of an entry's files come from them. */
export interface PackedFiles {
  readonly contents: PackContents;
  readonly sources: ContentSources;
}

/**
 * Finds out which files of an entry come from packs; undefined if none do.
 * @param distrusted files whose objects are known to be useless
 * @param remote packs elsewhere, for what the cache directory lacks
 * @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error
 */
export function findPackedFiles(
  cache: CacheDirectory,
  manifest: Manifest,
  distrusted: ReadonlySet<number>,
  onWarning: (warning: string) => void,
  remote: readonly StoredPack[] = [],
): PackedFiles | undefined {
  const names = listPacks(cache);
  if (names.length === 0 && remote.length === 0) return undefined;
  const objectNames = listReadableObjects(cache.objects);
  for (const file of distrusted) {
    for (const isExclusive of [false, true]) objectNames.delete(nameObject(manifest, file, isExclusive));
  }
  const contents = PackContents.load(cache, names, remote);
  warnOfUnreadable(contents, onWarning);
  const sources = findContentSources(manifest, contents, lacksObject(manifest, objectNames));
  const isAny = sources.some((_, file) => isPacked(sources, file));
  return isAny ? { contents, sources } : undefined;
}

function warnOfUnreadable({ unreadable }: PackContents, onWarning: (warning: string) => void): void {
  for (const { name, errno } of unreadable) {
    onWarning(
      `cannot read the index of pack ${name}: ${describeErrno(errno)}; contents that only it has count as missing for now`,
    );
  }
}

/** No object counts as present in a shard that cannot be read: its contents are searched for in packs. */
function listReadableObjects(objects: ByteString): Set<string> {
  const names = new Set<string>();
  ignoringErrno(() => {
    for (const shard of listShardNames(objects)) {
      ignoringErrno(() => {
        for (const name of objectNamesInShard(objects, shard)) names.add(name);
      });
    }
  });
  return names;
}
