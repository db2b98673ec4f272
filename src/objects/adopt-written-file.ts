import { closeSync, constants, openSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { tryLink } from "../fs/native/link-file.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { locateObject } from "./object-path.ts";

const object = new PathBuffer();

/** Makes a file that was just written the object of its kind. False when this file system does not want to. */
export function adoptWrittenFile(
  objects: ByteString,
  manifest: Manifest,
  file: number,
  path: PathBuffer,
): boolean {
  object.set(locateObject(objects, manifest, file));
  if (tryLink(path, object)) return true;
  // It may be there already, from an equal file; only a try that fails on a free name says anything.
  return tryOpen(object);
}

function tryOpen(path: PathBuffer): boolean {
  try {
    closeSync(
      openSync(fsPath(path.toBytes()), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
    );
    return true;
  } catch {
    return false;
  }
}
