import type { ByteString } from "../base/byte-string.ts";
import { constants, O_PATH } from "./file-constants.ts";
import { openFile } from "./native/descriptor-calls.ts";
import { lstat } from "./native/file-status.ts";
import { closeQuickly } from "./native/quick-file.ts";

/** Even a directory that its owner may not read can be opened in this way. */
const FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

let hasDescriptorPaths: boolean | undefined;

/**
 * Opens a directory so that it can be reached by descriptor: replacing it, or a directory on the way to it, by a
 * symlink then leads nowhere. Undefined where descriptors have no paths: on other systems than Linux, and without
 * `/proc`.
 * @throws a `node:fs` error; also if it is a symlink
 */
export function pinDirectory(path: ByteString): number | undefined {
  hasDescriptorPaths ??= lstat("/proc/self/fd" as ByteString) !== undefined;
  return hasDescriptorPaths ? openFile(path, FLAGS) : undefined;
}

/** The path of a pinned directory, as long as its descriptor is open. */
export function pathOfPinned(descriptor: number): ByteString {
  return `/proc/self/fd/${descriptor}` as ByteString;
}

/** @throws a `node:fs` error; also if the directory is a symlink */
export function withPinned(directory: ByteString, action: (pinned: ByteString) => void): void {
  const descriptor = pinDirectory(directory);
  try {
    action(descriptor === undefined ? directory : pathOfPinned(descriptor));
  } finally {
    if (descriptor !== undefined) closeQuickly(descriptor);
  }
}
