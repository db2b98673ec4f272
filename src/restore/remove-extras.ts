import { readdirSync } from "node:fs";
import { type ByteString, bytesFromBuffer, fsPath, joinBytes } from "../base/byte-string.ts";
import { isStagingName } from "../base/staging-name.ts";
import { removeTree } from "../fs/remove-tree.ts";
import { at, type Manifest } from "../manifest/manifest.ts";

/**
 * Removes from the existing directories what the entry does not have.
 * @param existing 1 for each directory that was there before: the others have nothing more
 * @throws a `node:fs` error
 */
export function removeExtras(manifest: Manifest, existing: Uint8Array, destination: ByteString): void {
  const wanted = collectNames(manifest, existing);
  for (const [directory, names] of wanted) {
    const path = joinBytes(destination, manifest.directoryPath(directory));
    for (const child of readdirSync(fsPath(path), { encoding: "buffer" })) {
      const name = bytesFromBuffer(child);
      if (names.has(name) || (directory === 0 && isStagingName(name))) continue;
      removeTree(joinBytes(path, name));
    }
  }
}

/** The names that each existing directory is to have. */
function collectNames(manifest: Manifest, existing: Uint8Array): Map<number, Set<ByteString>> {
  const names = new Map<number, Set<ByteString>>();
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++) {
    if (directory > 0)
      names.get(at(manifest.directoryParents, directory))?.add(manifest.directoryName(directory));
    if (existing[directory] === 0) continue;
    const own = new Set<ByteString>();
    const endFile = at(manifest.directoryFileEnds, directory);
    for (let file = manifest.firstFileOf(directory); file < endFile; file++) own.add(manifest.fileName(file));
    const endLink = at(manifest.directorySymlinkEnds, directory);
    for (let link = manifest.firstSymlinkOf(directory); link < endLink; link++)
      own.add(manifest.symlinkName(link));
    names.set(directory, own);
  }
  return names;
}
