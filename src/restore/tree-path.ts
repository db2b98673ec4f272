import type { ByteString } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { errnoOf } from "../fs/errno.ts";
import { HeldDirectory } from "../fs/native/held-directory.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { mkdir } from "../fs/native/path-calls.ts";
import { at, type Manifest } from "../manifest/manifest.ts";

const SLASH = "/" as ByteString;

/**
 * The paths of an entry's files and symlinks in the tree that is being built. It creates the directories that they
 * need, unless all exist.
 */
export class TreePath {
  /** The path that was set last. */
  readonly buffer = new PathBuffer();
  private readonly manifest: Manifest;
  private readonly root: ByteString;
  private readonly areDirectoriesMade: boolean;
  private readonly held = new HeldDirectory(this.buffer);
  private readonly made = new Set<number>();
  private currentDirectory = -1;
  private directoryLength = 0;

  constructor(manifest: Manifest, root: ByteString, areDirectoriesMade = false) {
    this.manifest = manifest;
    this.root = root;
    this.areDirectoriesMade = areDirectoriesMade;
  }

  setFile(directory: number, file: number): void {
    if (this.manifest.counts.isSingleFile) {
      this.buffer.set(this.root);
      return;
    }
    this.ensureDirectory(directory);
    this.manifest.appendFileName(this.buffer.truncate(this.directoryLength), file);
  }

  setSymlink(directory: number, symlink: number): void {
    this.ensureDirectory(directory);
    this.buffer.truncate(this.directoryLength).append(this.manifest.symlinkName(symlink));
  }

  /** For a loop that sets many files of a directory. To be closed. */
  holdDirectory(directory: number, fileCount: number): void {
    this.ensureDirectory(directory);
    this.held.hold(fileCount);
  }

  close(): void {
    this.held.close();
  }

  ensureDirectory(directory: number): void {
    if (directory === this.currentDirectory || this.manifest.counts.isSingleFile) return;
    if (!this.areDirectoriesMade) this.makeDirectory(directory);
    this.buffer.set(this.root);
    if (directory > 0) this.buffer.append(SLASH).append(this.manifest.directoryPath(directory));
    this.buffer.append(SLASH);
    this.currentDirectory = directory;
    this.directoryLength = this.buffer.length;
  }

  /** Another thread may be making the same directory, or a parent of it. */
  private makeDirectory(directory: number): void {
    if (directory === 0 || this.made.has(directory)) return;
    this.makeDirectory(at(this.manifest.directoryParents, directory));
    this.made.add(directory);
    try {
      mkdir(
        `${this.root}/${this.manifest.directoryPath(directory)}` as ByteString,
        at(this.manifest.directoryModes, directory) | 0o700,
      );
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
  }
}

compileMethodsLightly(TreePath);
