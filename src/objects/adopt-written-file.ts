import { closeSync, constants, openSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { errnoOf } from "../fs/errno.ts";
import { hasExtendedAttributes } from "../fs/native/extended-attributes.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { linkAsObject } from "./make-shard.ts";
import { locateObject } from "./object-path.ts";

const object = new PathBuffer();

/**
 * Makes an object of a file that was just written, unless it has inherited an ACL from its directory. Returns false if
 * the file system does not support that.
 */
export function adoptWrittenFile(
  objects: ByteString,
  manifest: Manifest,
  file: number,
  path: PathBuffer,
): boolean {
  if (hasExtendedAttributes(path)) return true;
  object.set(locateObject(objects, manifest, file));
  if (linkAsObject(path, object)) return true;
  // The object may already exist, from an equal file; only a failure with a free name says something.
  return tryOpen(object);
}

function tryOpen(path: PathBuffer): boolean {
  try {
    closeSync(
      openSync(fsPath(path.toBytes()), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
    );
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

compileLightly(adoptWrittenFile);
