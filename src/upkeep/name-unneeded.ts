import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Items } from "../inventory/items.ts";
import { objectNamesInShard } from "../objects/list-objects.ts";
import type { RemovableObject } from "../objects/remove-objects.ts";

/**
 * The objects among some files, one after another: there may be millions. If their names were not kept, the directories
 * that they are in are listed again. What has appeared there in the meantime is none of these files, so it is left alone.
 * @throws a `node:fs` error
 */
export function* nameUnneeded(
  { objects }: Pick<CacheDirectory, "objects">,
  items: Items,
  files: readonly number[],
): Generator<RemovableObject> {
  const unneeded = files.filter((item) => items.kindOf(item) === "object");
  if (items.hasNames) {
    for (const item of unneeded) yield { name: items.nameOf(item), isFile: items.flagsOf(item).isFile };
    return;
  }
  const isUnneeded = new Uint8Array(unneeded.length === 0 ? 0 : items.count);
  for (const item of unneeded) isUnneeded[item] = 1;
  for (const shard of new Set(unneeded.map((item) => items.shardOf(item)))) {
    for (const name of objectNamesInShard(objects, shard)) {
      const item = items.itemOfFile(name);
      if (item === undefined || isUnneeded[item] !== 1) continue;
      yield { name, isFile: items.flagsOf(item).isFile };
    }
  }
}
