import { compileLightly } from "../base/compile-lightly.ts";
import { areEqualFiles } from "./equal-files.ts";
import { at, type Manifest } from "./manifest.ts";

/**
 * What is wrong with the hard links of a manifest with consistent columns and attributes. A target is not itself a
 * link, so that no chain has to be followed; it comes first, so that there are no cycles.
 */
export function problemOfLinks(manifest: Manifest): string | undefined {
  const { linkCount, fileCount } = manifest.counts;
  if (linkCount === 0) return undefined;
  const isLink = new Uint8Array(fileCount);
  let previous = -1;
  for (let link = 0; link < linkCount; link++) {
    const file = at(manifest.linkFiles, link);
    const target = at(manifest.linkTargets, link);
    if (file <= previous || file >= fileCount) return "its hard links are out of order";
    if (target >= file) return "a hard link comes before its target";
    if (isLink[target] === 1) return "the target of a hard link is a hard link";
    if (!areEqualFiles(manifest, file, target)) return "a hard link differs from its target";
    isLink[file] = 1;
    previous = file;
  }
  return undefined;
}

compileLightly(problemOfLinks);
