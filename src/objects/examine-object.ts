import { compileLightly } from "../base/compile-lightly.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isWhole } from "./object-attributes.ts";

/** `edited`: it does not match its name, because something wrote to a file that was linked to it. */
export type ObjectState = "whole" | "missing" | "edited";

const status = emptyStatus();

/** Examines the object of a file in a manifest, at `path`. @throws a `node:fs` error */
export function examineObject(path: PathBuffer, manifest: Manifest, file: number): ObjectState {
  if (!lstatBuffer(path, status)) return "missing";
  return isWhole(status, manifest, file) ? "whole" : "edited";
}

compileLightly(examineObject);
