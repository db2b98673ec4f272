import { readlinkSync } from "node:fs";
import { type ByteString, bytesFromBuffer, display, fsPath, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { isStagingName } from "../base/staging-name.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { type FileStatus, isSameFile, lstat } from "../fs/native/file-status.ts";
import type { IgnoreRules } from "./ignore-rules.ts";
import { type DirectoryListing, listDirectory } from "./list-directory.ts";

export interface WalkedSymlink {
  readonly name: ByteString;
  readonly target: ByteString;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
}

/** One directory of a tree; names are sorted by their bytes. */
export interface WalkedDirectory {
  /** Index of the parent in the order of the walk; for the root its own, 0. */
  readonly parent: number;
  /** Empty for the root. */
  readonly name: ByteString;
  /** Relative to the root; empty for the root. */
  readonly path: ByteString;
  readonly status: FileStatus;
  readonly files: readonly ByteString[];
  readonly symlinks: readonly WalkedSymlink[];
}

export interface WalkOptions {
  readonly ignoreRules: IgnoreRules;
  /** The cache itself: skipped with a warning wherever it is. */
  readonly excludedDirectory?: FileStatus | undefined;
  /** Called with what is skipped and why, as a sentence. */
  readonly onWarning: (warning: string) => void;
}

interface Pending {
  readonly parent: number;
  readonly name: ByteString;
  readonly path: ByteString;
}

/** Few, because looking at a symlink or a directory may take long. */
const NAMES_PER_STEP = 16;

/**
 * Walks a tree: each directory before its contents, and siblings by name bytes. Symlinks are never followed. Files
 * are listed but not examined, because opening them returns their status anyway. Now and then within a directory, it
 * yields undefined, so that the caller can handle signals.
 * @throws BtdtError SOURCE_UNREADABLE, SOURCE_CHANGED
 */
export function* walkTree(
  root: ByteString,
  options: WalkOptions,
): Generator<WalkedDirectory | undefined, void> {
  const pending: Pending[] = [{ parent: 0, name: "" as ByteString, path: "" as ByteString }];
  for (let index = 0; pending.length > 0; index++) {
    const { parent, name, path } = pending.pop() as Pending;
    const absolute = path === "" ? root : joinBytes(root, path);
    const status = statusOf(absolute);
    const children = listChildren(absolute);
    options.ignoreRules.enter(path, absolute, children.names);
    const files: ByteString[] = [];
    const symlinks: WalkedSymlink[] = [];
    const subdirectories: Pending[] = [];
    for (const [position, childName] of children.names.entries()) {
      if (position % NAMES_PER_STEP === NAMES_PER_STEP - 1) yield undefined;
      // Left by a killed restore.
      if (isStagingName(childName)) continue;
      const childPath = joinBytes(path, childName);
      const kind = children.kindOf(childName);
      if (options.ignoreRules.ignores(childPath, kind === "directory")) continue;
      switch (kind) {
        case "file":
          files.push(childName);
          break;
        case "symlink":
          symlinks.push(readSymlink(absolute, childName));
          break;
        case "directory": {
          const excluded = options.excludedDirectory;
          if (excluded !== undefined && isSameFile(excluded, statusOf(joinBytes(absolute, childName)))) {
            options.onWarning(`skipped ${display(joinBytes(absolute, childName))}: it is the cache itself`);
          } else {
            subdirectories.push({ parent: index, name: childName, path: childPath });
          }
          break;
        }
        case "other":
          options.onWarning(
            `skipped ${display(joinBytes(absolute, childName))}: it is a socket, pipe or device`,
          );
          break;
      }
    }
    yield { parent, name, path, status, files, symlinks };
    while (subdirectories.length > 0) pending.push(subdirectories.pop() as Pending);
  }
}

function listChildren(directory: ByteString): DirectoryListing {
  try {
    return listDirectory(directory, (path) => statusOf(path).kind);
  } catch (error) {
    throw error instanceof BtdtError ? error : unreadable(directory, error);
  }
}

function readSymlink(directory: ByteString, name: ByteString): WalkedSymlink {
  const path = joinBytes(directory, name);
  try {
    const target = bytesFromBuffer(readlinkSync(fsPath(path), { encoding: "buffer" }));
    const { mtimeSeconds, mtimeNanoseconds } = statusOf(path);
    return { name, target, mtimeSeconds, mtimeNanoseconds };
  } catch (error) {
    throw error instanceof BtdtError ? error : unreadable(path, error);
  }
}

function statusOf(path: ByteString): FileStatus {
  let status: FileStatus | undefined;
  try {
    status = lstat(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  if (status !== undefined) return status;
  throw new BtdtError("SOURCE_CHANGED", `${display(path)} disappeared while the directory was read`, {
    path: display(path),
    hint: "wait until nothing is writing to the directory",
  });
}

function unreadable(path: ByteString, error: unknown): BtdtError {
  const code = errnoOf(error) === "ENOENT" ? "SOURCE_CHANGED" : "SOURCE_UNREADABLE";
  return new BtdtError(code, `cannot read ${display(path)}: ${reasonOf(error)}`, {
    path: display(path),
    cause: error,
  });
}
