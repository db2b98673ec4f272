import { compileLightly } from "../base/compile-lightly.ts";
import { errnoOf } from "../fs/errno.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { emptyStatus, type FileStatus, lstatBuffer } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isWhole, objectAttributes } from "./object-attributes.ts";

/**
 * `altered`: its size is right, but its mode or time is not; only its bytes tell whether it was edited. `edited`:
 * something wrote to a file that was linked to it. `lost`: a power cut took data, since it is shorter than it was, but
 * no newer; attributes do not tell whether bytes in the middle were lost. `unreadable`: the system refused to examine
 * it, which says nothing about it.
 */
export type ObjectState = "whole" | "altered" | "missing" | "edited" | "lost" | "unreadable";

const status = emptyStatus();

/** Examines the object of a file in a manifest, at `path`. */
export function examineObject(path: PathBuffer, manifest: Manifest, file: number): ObjectState {
  try {
    if (!lstatBuffer(path, status)) return "missing";
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return "unreadable";
  }
  if (isWhole(status, manifest, file)) return "whole";
  const expected = objectAttributes(manifest, file);
  if (status.kind === "file" && status.sizeBytes === expected.sizeBytes) return "altered";
  return hasLostData(status, expected) ? "lost" : "edited";
}

function hasLostData(found: FileStatus, expected: FileAttributes): boolean {
  if (found.kind !== "file") return true;
  const isNewer =
    found.mtimeSeconds > expected.mtimeSeconds ||
    (found.mtimeSeconds === expected.mtimeSeconds && found.mtimeNanoseconds > expected.mtimeNanoseconds);
  return found.sizeBytes < expected.sizeBytes && !isNewer;
}

compileLightly(examineObject);
