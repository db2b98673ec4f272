import { mkdirSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { tryLink } from "../fs/native/link-file.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { examineObject } from "../objects/examine-object.ts";
import { hasObject } from "../objects/object-attributes.ts";
import { ObjectPathWriter } from "../objects/object-path.ts";
import { TreePath } from "../restore/tree-path.ts";

/**
 * Links what the local cache has of a tree into a new directory, so that a restore to there, which compares contents,
 * need not read it from the far one.
 * @param directory is made
 * @returns the number of files
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export async function linkHeld(
  near: CacheDirectory,
  manifest: Manifest,
  directory: ByteString,
  pause: Pause,
): Promise<number> {
  mkdirSync(fsPath(directory), { mode: 0o700 });
  const objects = new ObjectPathWriter(near.objects, manifest);
  const path = new TreePath(manifest, directory);
  let linkedCount = 0;
  try {
    for (let parent = 0; parent < manifest.counts.directoryCount; parent++) {
      for (let file = manifest.firstFileOf(parent); file < at(manifest.directoryFileEnds, parent); file++) {
        // A further name is made from the first one.
        if (!hasObject(manifest, file) || manifest.isLink(file)) continue;
        for (const isExclusive of [false, true]) {
          const object = objects.set(file, isExclusive);
          if (examineObject(object, manifest, file) !== "whole") continue;
          path.setFile(parent, file);
          if (!tryLink(object, path.buffer)) continue;
          linkedCount += 1;
          break;
        }
      }
      await pause();
    }
  } finally {
    objects.close();
  }
  return linkedCount;
}
