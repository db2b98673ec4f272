import { type ByteString, display, joinBytes } from "../base/byte-string.ts";
import { formatNumber } from "../base/format-number.ts";
import { isStagingName } from "../base/staging-name.ts";
import { type FileStatus, isSameFile } from "../fs/native/file-status.ts";
import { listChildren, lstatSource, readSymlink, type WalkedSymlink } from "./examine-source.ts";
import type { IgnoreRules } from "./ignore-rules.ts";
import type { DirectoryListing } from "./list-directory.ts";
import { failureOf, type SourceFailure } from "./source-failure.ts";

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
  /** Paths to skip, relative to the root. */
  readonly skipped?: ReadonlySet<ByteString>;
  /** What was read of directories before the walk, by path; others are read when the walk gets to them. */
  readonly ahead?: ReadonlyMap<ByteString, ExaminedDirectory> | undefined;
}

/** A directory as it was found. */
export interface ExaminedDirectory {
  readonly status: FileStatus;
  readonly children: DirectoryListing;
  /** By name; some may be missing. */
  readonly symlinks?: ReadonlyMap<ByteString, WalkedSymlink>;
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
 * @param onFailure called with what cannot be read, or changes; the walk goes on without it
 * @throws BtdtError SOURCE_UNREADABLE, SOURCE_CHANGED: of the root, and of what says which files are wanted
 */
export function* walkTree(
  root: ByteString,
  options: WalkOptions,
  onFailure: (failure: SourceFailure) => void,
): Generator<WalkedDirectory | undefined, void> {
  const pending: Pending[] = [{ parent: 0, name: "" as ByteString, path: "" as ByteString }];
  let index = 0;
  const orFail = <Value>(path: ByteString, action: () => Value): Value | undefined => {
    try {
      return action();
    } catch (error) {
      const failure = failureOf(error, path);
      if (failure === undefined || path === "") throw error;
      onFailure(failure);
      return undefined;
    }
  };
  while (pending.length > 0) {
    const { parent, name, path } = pending.pop() as Pending;
    const absolute = path === "" ? root : joinBytes(root, path);
    const found =
      options.ahead?.get(path) ??
      orFail(
        path,
        (): ExaminedDirectory => ({ status: lstatSource(absolute), children: listChildren(absolute) }),
      );
    if (found === undefined) continue;
    const { status, children } = found;
    options.ignoreRules.enter(path, absolute, children.names);
    const files: ByteString[] = [];
    const symlinks: WalkedSymlink[] = [];
    const specials: ByteString[] = [];
    const subdirectories: Pending[] = [];
    for (const [position, childName] of children.names.entries()) {
      if (position % NAMES_PER_STEP === NAMES_PER_STEP - 1) yield undefined;
      // Left by a killed restore.
      if (isStagingName(childName)) continue;
      const childPath = joinBytes(path, childName);
      if (options.skipped?.has(childPath) === true) continue;
      const kind = orFail(childPath, () => children.kindAt(position));
      if (kind === undefined) continue;
      if (options.ignoreRules.ignores(childPath, kind === "directory")) continue;
      switch (kind) {
        case "file":
          files.push(childName);
          break;
        case "symlink":
          symlinks.push(
            ...(orFail(childPath, () => [
              found.symlinks?.get(childName) ?? readSymlink(absolute, childName),
            ]) ?? []),
          );
          break;
        case "directory": {
          if (orFail(childPath, () => isExcluded(root, childPath, options)) === true) {
            options.onWarning(`skipped ${display(joinBytes(absolute, childName))}: it is the cache itself`);
          } else {
            subdirectories.push({ parent: index, name: childName, path: childPath });
          }
          break;
        }
        case "other":
          specials.push(childName);
          break;
      }
    }
    warnOfSpecials(absolute, specials, options.onWarning);
    yield { parent, name, path, status, files, symlinks };
    index += 1;
    while (subdirectories.length > 0) pending.push(subdirectories.pop() as Pending);
  }
}

/** One warning for a directory, however many it has. */
function warnOfSpecials(
  directory: ByteString,
  [first, ...others]: readonly ByteString[],
  onWarning: (warning: string) => void,
): void {
  if (first === undefined) return;
  const path = display(joinBytes(directory, first));
  onWarning(
    others.length === 0
      ? `skipped ${path}: it is a socket, pipe or device`
      : `skipped ${path} and ${formatNumber(others.length)} more in its directory: they are sockets, pipes or devices`,
  );
}

function isExcluded(root: ByteString, path: ByteString, { excludedDirectory, ahead }: WalkOptions): boolean {
  if (excludedDirectory === undefined) return false;
  return isSameFile(excludedDirectory, ahead?.get(path)?.status ?? lstatSource(joinBytes(root, path)));
}
