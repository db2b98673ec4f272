import { unlinkSync } from "node:fs";
import { type ByteString, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { readRegularFile } from "../fs/regular-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";

const NAME = /^[0-9a-f]{32}$/;
const MOST_PATH_BYTES = 4096;

/** A file with one edited path for all trees, as earlier versions of btdt wrote them. They have no meaning any more. */
export interface OldEditedPath {
  readonly name: string;
  readonly allocatedBytes: number;
}

/** Foreign files with such names are passed over. @throws a `node:fs` error */
export function listOldEditedPaths(cache: CacheDirectory): OldEditedPath[] {
  return namesIn(cache.editedPaths)
    .filter((name) => NAME.test(name))
    .flatMap((name) => {
      try {
        const { bytes, status } = readRegularFile(pathOf(cache, name), MOST_PATH_BYTES);
        const isOurs = new Bun.SHA256().update(bytes).digest("hex").startsWith(name);
        return isOurs ? [{ name, allocatedBytes: status.allocatedBytes }] : [];
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        return [];
      }
    });
}

/** @throws a `node:fs` error */
export function removeOldEditedPath(cache: CacheDirectory, { name }: OldEditedPath): void {
  unlinkSync(fsPath(pathOf(cache, name)));
}

function pathOf(cache: CacheDirectory, name: string): ByteString {
  return joinBytes(cache.editedPaths, bytesFromText(name));
}
