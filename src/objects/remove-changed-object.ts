import { unlinkSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { PathBuffer } from "../fs/path-buffer.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { objectPathOf } from "./object-name.ts";

/** Removes the object of a manifest's file; trees that link to it keep it. @throws a `node:fs` error */
export function removeObject(objects: ByteString, manifest: Manifest, file: number): void {
  const path = new PathBuffer().set(objectPathOf(objects, manifest, file));
  try {
    unlinkSync(fsPath(path.toBytes()));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}
