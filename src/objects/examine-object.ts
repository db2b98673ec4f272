import { compileLightly } from "../base/compile-lightly.ts";
import { errnoOf } from "../fs/errno.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { hasLostData, isNewer } from "./has-lost-data.ts";
import { isWhole, objectAttributes } from "./object-attributes.ts";

/**
 * `altered`: its size is right, but its mode or time is not; only its bytes tell whether it was edited. `edited`:
 * something wrote to a file that was linked to it. `lost`: a power cut took data (`hasLostData`);
 * attributes do not tell whether bytes in the middle were lost. `unreadable`: the system refused to examine
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
  if (isWhole(status, manifest, file, path)) return "whole";
  const expected = objectAttributes(manifest, file);
  const isFile = status.kind === "file";
  const { sizeBytes } = status;
  if (isFile && sizeBytes === expected.sizeBytes) return "altered";
  const found = { isFile, sizeBytes, isNewer: isNewer(status, expected) };
  return hasLostData(found, expected.sizeBytes) ? "lost" : "edited";
}

compileLightly(examineObject);
