import { chmodSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { setMtimeBuffer } from "../fs/native/set-times.ts";
import { viewManifest } from "../manifest/codec.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import type { Job } from "../work/job.ts";

const SLASH = "/" as ByteString;
const target = new PathBuffer();

/** How much of a directory's mode `mkdir` can be trusted with. */
export interface DirectoryModes {
  /** The process's file mode creation mask. */
  readonly umask: number;
  /** Set where directories existed before, or inherit their set-group-id bit: then all get a `chmod`. */
  readonly areUnknown: boolean;
}

export interface FinishDirectoriesInput {
  readonly payload: Uint8Array;
  readonly root: ByteString;
  readonly firstDirectory: number;
  readonly endDirectory: number;
  readonly modes: DirectoryModes;
}

/**
 * Gives directories their final mode and time. Those that shut out their owner are left for
 * `finishClosedDirectories`, which comes after all others. The root is the caller's.
 */
export const finishDirectoriesJob: Job<FinishDirectoriesInput, null> = {
  name: "finish-directories",
  run({ payload, root, firstDirectory, endDirectory, modes }) {
    const manifest = viewManifest(payload);
    for (let directory = Math.max(1, firstDirectory); directory < endDirectory; directory++) {
      const mode = at(manifest.directoryModes, directory);
      if (!isOpen(mode)) continue;
      finishDirectory(manifest, root, directory, modes.areUnknown || (mode & (modes.umask | 0o7000)) !== 0);
    }
    return null;
  },
};

/** Deepest first, because a closed directory hides what is in it. */
export function finishClosedDirectories(manifest: Manifest, root: ByteString): void {
  for (let directory = manifest.counts.directoryCount - 1; directory > 0; directory--) {
    if (!isOpen(at(manifest.directoryModes, directory))) finishDirectory(manifest, root, directory, true);
  }
}

/** The root comes last of all: a closed one could not be moved to its place, and moving things into it changes its time. */
export function finishRoot(manifest: Manifest, root: ByteString): void {
  finishDirectory(manifest, root, 0, true);
}

function isOpen(mode: number): boolean {
  return (mode & 0o700) === 0o700;
}

function finishDirectory(manifest: Manifest, root: ByteString, directory: number, needsMode: boolean): void {
  target.set(root);
  if (directory > 0) target.append(SLASH).append(manifest.directoryPath(directory));
  if (needsMode) chmodSync(fsPath(target.toBytes()), at(manifest.directoryModes, directory));
  setMtimeBuffer(
    target,
    at(manifest.directoryMtimeSeconds, directory),
    at(manifest.directoryMtimeNanoseconds, directory),
  );
}
