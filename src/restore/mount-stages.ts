import { mkdirSync, symlinkSync } from "node:fs";
import { type ByteString, fsPath, joinBytes } from "../base/byte-string.ts";
import type { Pause } from "../base/pause.ts";
import { type FileStatus, lstat } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { setMtimeBuffer } from "../fs/native/set-times.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { createPause } from "../work/breather.ts";
import type { Runner } from "../work/job.ts";
import type { Runtime } from "../work/runtime.ts";
import { finishDirectory, isOpen } from "./finish-directories.ts";
import type { MergePlan } from "./merge-plan.ts";
import { type MountPoints, ROOT } from "./mount-points.ts";
import { putBackAttributes } from "./put-back-attributes.ts";
import { stageFileJob } from "./stage-file.ts";
import { StagingDirectory } from "./staging-directory.ts";
import type { Unchanged } from "./target.ts";

interface Stage {
  readonly directory: StagingDirectory;
  /** Where it is, and what that was before. */
  readonly mountPoint: ByteString;
  readonly before: FileStatus;
}

/**
 * Other file systems that are mounted below a destination. Nothing can be renamed across their borders, so what belongs
 * there is copied to a staging directory within each mount, and moved into place from there like the rest. Names of one
 * file that are on the same mount stay hard links.
 */
export class MountStages {
  readonly #manifest: Manifest;
  readonly #unchanged: Unchanged;
  readonly #mountPoints: MountPoints;
  readonly #destination: ByteString;
  readonly #built: ByteString;
  /** By the directory that is a mount point. */
  readonly #stages = new Map<number, Stage>();

  private constructor(manifest: Manifest, plan: MergePlan, destination: ByteString, built: ByteString) {
    this.#manifest = manifest;
    this.#unchanged = plan.unchanged;
    this.#mountPoints = plan.mountPoints;
    this.#destination = destination;
    this.#built = built;
  }

  /**
   * @param built a tree whose directories do not have their final modes yet
   * @throws BtdtError CANCELLED, a `node:fs` error; after an error, nothing is left of the stages
   */
  static async build(
    manifest: Manifest,
    plan: MergePlan,
    destination: ByteString,
    built: ByteString,
    { isCancelled, runners }: Pick<Runtime, "isCancelled" | "runners">,
  ): Promise<MountStages> {
    const stages = new MountStages(manifest, plan, destination, built);
    try {
      await stages.#copy(createPause(isCancelled), runners.inline);
      return stages;
    } catch (error) {
      stages.close(true, isCancelled());
      throw error;
    }
  }

  /** The tree from which the contents of a directory, or the directory itself if it is new, are moved into place. */
  treeOf(directory: number): ByteString {
    return this.#stages.get(at(this.#mountPoints.directories, directory))?.directory.tree ?? this.#built;
  }

  /**
   * Calling it again does nothing.
   * @param isUntouched nothing was moved: the mount points get their times back
   * @param isHurried see `LockedDirectory.close`
   */
  close(isUntouched = false, isHurried = false): void {
    for (const { directory, mountPoint, before } of this.#stages.values()) {
      directory.close(isHurried);
      if (isUntouched) putBackAttributes(mountPoint, before);
    }
    this.#stages.clear();
  }

  async #copy(pause: Pause, runner: Runner): Promise<void> {
    const { directoryCount } = this.#manifest.counts;
    const firstNames = this.#findFirstNames();
    for (let directory = 1; directory < directoryCount; directory++) {
      if (at(this.#mountPoints.directories, directory) === ROOT) continue;
      if (this.#unchanged.directories[directory] === 0) this.#makeDirectory(directory);
      await this.#copyContents(directory, firstNames, pause, runner);
    }
    // Deepest first, and as in `finishTree`: one that its owner may not change cannot be moved.
    for (let directory = directoryCount - 1; directory > 0; directory--) {
      const isOnMount = at(this.#mountPoints.directories, directory) !== ROOT;
      if (!isOnMount || this.#unchanged.directories[directory] === 1) continue;
      const isMovedAlone = this.#unchanged.directories[at(this.#manifest.directoryParents, directory)] === 1;
      if (isMovedAlone && !isOpen(at(this.#manifest.directoryModes, directory))) continue;
      finishDirectory(this.#manifest, this.treeOf(directory), directory);
    }
  }

  /** For further names on a mount, the first one there. */
  #findFirstNames(): ReadonlyMap<number, number> {
    const { linkFiles } = this.#manifest;
    const names = [...this.#mountPoints.firstNames].map((first, link): [number, number] => [
      at(linkFiles, link),
      first,
    ]);
    return new Map(names.filter(([file, first]) => file !== first));
  }

  async #copyContents(
    directory: number,
    firstNames: ReadonlyMap<number, number>,
    pause: Pause,
    runner: Runner,
  ): Promise<void> {
    const manifest = this.#manifest;
    const endFile = at(manifest.directoryFileEnds, directory);
    for (let file = manifest.firstFileOf(directory); file < endFile; file++) {
      if (this.#unchanged.files[file] === 1) continue;
      const [from, to] = this.#fromAndTo(directory, manifest.fileName(file));
      const first = firstNames.get(file);
      await runner.run(stageFileJob, {
        source: first === undefined ? from : joinBytes(this.treeOf(directory), manifest.filePath(first)),
        target: to.toBytes(),
        attributes: attributesOfFile(manifest, file),
        isOtherName: first !== undefined,
      });
      await pause();
    }
    const endLink = at(manifest.directorySymlinkEnds, directory);
    for (let link = manifest.firstSymlinkOf(directory); link < endLink; link++) {
      if (this.#unchanged.symlinks[link] === 1) continue;
      const [, to] = this.#fromAndTo(directory, manifest.symlinkName(link));
      symlinkSync(fsPath(manifest.symlinkTarget(link)), fsPath(to.toBytes()));
      setMtimeBuffer(to, at(manifest.symlinkMtimeSeconds, link), at(manifest.symlinkMtimeNanoseconds, link));
      await pause();
    }
  }

  #fromAndTo(directory: number, name: ByteString): [ByteString, PathBuffer] {
    const path = joinBytes(this.#manifest.directoryPath(directory), name);
    this.#makeDirectory(directory);
    return [joinBytes(this.#built, path), new PathBuffer().set(joinBytes(this.treeOf(directory), path))];
  }

  #makeDirectory(directory: number): void {
    const stage = this.#stageOf(at(this.#mountPoints.directories, directory));
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
