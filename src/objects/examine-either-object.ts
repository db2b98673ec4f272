import type { ByteString } from "../base/byte-string.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { examineObject, type ObjectState } from "./examine-object.ts";
import { locateObject } from "./object-path.ts";

/**
 * Examines both objects that a file may have, the one that any number of trees may link to first.
 * @param path names the better one afterwards: one that is whole, else one that is altered, else the first one
 * @returns its state
 */
export function examineEitherObject(
  path: PathBuffer,
  objects: ByteString,
  manifest: Manifest,
  file: number,
): ObjectState {
  const examine = (isExclusive: boolean): ObjectState =>
    examineObject(path.set(locateObject(objects, manifest, file, isExclusive)), manifest, file);
  const first = examine(false);
  if (first === "whole") return first;
  const second = examine(true);
  if (second === "whole" || (second === "altered" && first !== "altered")) return second;
  path.set(locateObject(objects, manifest, file));
  return first;
}
