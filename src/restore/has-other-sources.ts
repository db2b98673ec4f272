import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { at } from "../manifest/manifest.ts";
import { examineEitherObject } from "../objects/examine-either-object.ts";
import { PackContents } from "../packs/contents/pack-contents.ts";
import { listPacks } from "../packs/contents/pack-directory.ts";
import { type Damage, type FileDamage, isBadObject } from "./damage.ts";
import type { Target } from "./target.ts";

const object = new PathBuffer();

/**
 * Whether the cache has, after all, each file that could not be built. A content moves if a clean replaces a pack or a
 * restore makes an object. It is in its new place before it leaves the old one, but a look at one and then at the other
 * may still find it in neither. So it looks for an object, then in packs, and once more for an object.
 * @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error
 */
export function hasOtherSources({ cache, manifest, remote, session }: Target, { files }: Damage): boolean {
  const isObject = (each: FileDamage): boolean => {
    // If the cache is writable, an edited or damaged object is gone by now, and one that has its name is good.
    const isDropped = session !== undefined && each.problem !== "unreadable";
    if (isBadObject(each) && !isDropped) return false;
    const state = examineEitherObject(object, cache.objects, manifest, each.file);
    return state === "whole" || state === "altered";
  };
  const others = files.filter((each) => !isObject(each));
  if (others.length === 0) return true;
  const packs = PackContents.load(cache, listPacks(cache), remote?.packs);
  const isPacked = ({ file }: FileDamage): boolean => {
    const offset = file * DIGEST_SIZE_BYTES;
    return packs.findFile(manifest.fileDigests, offset, at(manifest.fileSizes, file)) !== undefined;
  };
  return others.every((each) => isPacked(each) || isObject(each));
}
