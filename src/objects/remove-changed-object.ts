import { unlinkSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isWhole } from "./object-attributes.ts";
import { locateObject } from "./object-path.ts";

/**
 * Removes the object of a file in a manifest if it does not match its name; a store may have replaced it by now.
 * Trees that link to it keep it.
 * @throws a `node:fs` error
 */
export function removeChangedObject(objects: ByteString, manifest: Manifest, file: number): void {
  const path = new PathBuffer().set(locateObject(objects, manifest, file));
  const status = emptyStatus();
  if (!lstatBuffer(path, status) || isWhole(status, manifest, file)) return;
  try {
    unlinkSync(fsPath(path.toBytes()));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}
