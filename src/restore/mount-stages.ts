import { mkdirSync, symlinkSync } from "node:fs";
import { type ByteString, fsPath, joinBytes } from "../base/byte-string.ts";
import { copyFile } from "../fs/copy-file.ts";
import { type FileStatus, lstat } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { setMtimeBuffer } from "../fs/native/set-times.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { finishDirectory, isOpen } from "./finish-directories.ts";
import { putBackAttributes } from "./put-back-attributes.ts";
import { StagingDirectory } from "./staging-directory.ts";
import type { Unchanged } from "./target.ts";

interface Stage {
  readonly directory: StagingDirectory;
  /** Where it is, and what that was before. */
  readonly mountPoint: ByteString;
  readonly before: FileStatus;
}

/** The number of the root directory, for which nothing is staged here. */
const ROOT = 0;

/**
 * Other file systems that are mounted below a destination. Nothing can be renamed across their borders, so what belongs
 * there is copied to a staging directory within each mount, and moved into place from there like the rest.
 */
export class MountStages {
  readonly #manifest: Manifest;
  readonly #unchanged: Unchanged;
  readonly #destination: ByteString;
  readonly #built: ByteString;
  /** By the directory that is a mount point. */
  readonly #stages = new Map<number, Stage>();
  /** For each directory, the one that is its mount point. */
  readonly #mountPoints: Uint32Array;

  /**
   * @param built a tree whose directories do not have their final modes yet
   * @throws a `node:fs` error
   */
  constructor(manifest: Manifest, unchanged: Unchanged, destination: ByteString, built: ByteString) {
    this.#manifest = manifest;
    this.#unchanged = unchanged;
    this.#destination = destination;
    this.#built = built;
    this.#mountPoints = findMountPoints(manifest, unchanged, destination);
    try {
      this.#copy();
    } catch (error) {
      this.close(true);
      throw error;
    }
  }

  /** The tree from which the contents of a directory, or the directory itself if it is new, are moved into place. */
  treeOf(directory: number): ByteString {
    return this.#stages.get(at(this.#mountPoints, directory))?.directory.tree ?? this.#built;
  }

  /** Calling it again does nothing. @param isUntouched nothing was moved: the mount points get their times back */
  close(isUntouched = false): void {
    for (const { directory, mountPoint, before } of this.#stages.values()) {
      directory.close();
      if (isUntouched) putBackAttributes(mountPoint, before);
    }
    this.#stages.clear();
  }

  #copy(): void {
    const { directoryCount } = this.#manifest.counts;
    for (let directory = 1; directory < directoryCount; directory++) {
      if (at(this.#mountPoints, directory) === ROOT) continue;
      if (this.#unchanged.directories[directory] === 0) this.#makeDirectory(directory);
      this.#copyContents(directory);
    }
    // Deepest first, and as in `finishTree`: one that its owner may not change cannot be moved.
    for (let directory = directoryCount - 1; directory > 0; directory--) {
      if (at(this.#mountPoints, directory) === ROOT || this.#unchanged.directories[directory] === 1) continue;
      const isMovedAlone = this.#unchanged.directories[at(this.#manifest.directoryParents, directory)] === 1;
      if (isMovedAlone && !isOpen(at(this.#manifest.directoryModes, directory))) continue;
      finishDirectory(this.#manifest, this.treeOf(directory), directory);
    }
  }

  #copyContents(directory: number): void {
    const manifest = this.#manifest;
    const endFile = at(manifest.directoryFileEnds, directory);
    for (let file = manifest.firstFileOf(directory); file < endFile; file++) {
      if (this.#unchanged.files[file] === 1) continue;
      const [from, to] = this.#fromAndTo(directory, manifest.fileName(file));
      copyFile(new PathBuffer().set(from), to, attributesOfFile(manifest, file));
    }
    const endLink = at(manifest.directorySymlinkEnds, directory);
    for (let link = manifest.firstSymlinkOf(directory); link < endLink; link++) {
      if (this.#unchanged.symlinks[link] === 1) continue;
      const [, to] = this.#fromAndTo(directory, manifest.symlinkName(link));
      symlinkSync(fsPath(manifest.symlinkTarget(link)), fsPath(to.toBytes()));
      setMtimeBuffer(to, at(manifest.symlinkMtimeSeconds, link), at(manifest.symlinkMtimeNanoseconds, link));
    }
  }

  #fromAndTo(directory: number, name: ByteString): [ByteString, PathBuffer] {
    const path = joinBytes(this.#manifest.directoryPath(directory), name);
    this.#makeDirectory(directory);
    return [joinBytes(this.#built, path), new PathBuffer().set(joinBytes(this.treeOf(directory), path))];
  }

  #makeDirectory(directory: number): void {
    const stage = this.#stageOf(at(this.#mountPoints, directory));
    const path = joinBytes(stage.tree, this.#manifest.directoryPath(directory));
    mkdirSync(fsPath(path), { recursive: true, mode: 0o700 });
  }

  #stageOf(mountPoint: number): StagingDirectory {
    const known = this.#stages.get(mountPoint);
    if (known !== undefined) return known.directory;
    const path = joinBytes(this.#destination, this.#manifest.directoryPath(mountPoint));
    const before = lstat(path);
    const directory = StagingDirectory.create(path);
    if (before !== undefined) this.#stages.set(mountPoint, { directory, mountPoint: path, before });
    return directory;
  }
}

/** For each directory, the nearest one above it, or itself, that is a mount point; else the root. */
function findMountPoints(manifest: Manifest, unchanged: Unchanged, destination: ByteString): Uint32Array {
  const { directoryCount } = manifest.counts;
  const mountPoints = new Uint32Array(directoryCount);
  const devices = new Map([[ROOT, lstat(destination)?.device]]);
  for (let directory = 1; directory < directoryCount; directory++) {
    const parent = at(manifest.directoryParents, directory);
    mountPoints[directory] = at(mountPoints, parent);
    if (unchanged.directories[directory] === 0) continue;
    const status = lstat(joinBytes(destination, manifest.directoryPath(directory)));
    devices.set(directory, status?.device);
    if (status === undefined) continue;
    if (status.isMountPoint || status.device !== devices.get(parent)) mountPoints[directory] = directory;
  }
  return mountPoints;
}
