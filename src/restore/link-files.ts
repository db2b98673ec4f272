import { constants, openSync, symlinkSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { type FileAttributes, setAttributes } from "../fs/file-attributes.ts";
import { closeWritten } from "../fs/native/close-written.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { setMtimeBuffer } from "../fs/native/set-times.ts";
import type { Placement } from "../fs/place-file.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import { viewManifest } from "../manifest/codec.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { hasObject } from "../objects/object-attributes.ts";
import type { Job } from "../work/job.ts";
import { ObjectPlacer, type ObjectPlaces, type ObjectProblem } from "./object-placer.ts";
import { StagingPath } from "./staging-path.ts";

/** `staging` is nobody else's, and there is nothing in it but what these jobs make. */
export interface StageFilesInput extends ObjectPlaces {
  readonly payload: Uint8Array;
  readonly firstDirectory: number;
  readonly endDirectory: number;
  /** Non-zero for each file that must get an inode of its own. */
  readonly ownInode: Uint8Array;
  /** Non-zero for each file and symlink that is not wanted; undefined when the whole tree is, directories included. */
  readonly unwanted: { readonly files: Uint8Array; readonly symlinks: Uint8Array } | undefined;
  /** Non-zero for each file that comes from a pack, and is left for that; its directory is made. */
  readonly packed: Int32Array | undefined;
  readonly areDirectoriesMade: boolean;
  /** One word, shared by all jobs of a restore: non-zero once an object was found that is not whole. */
  readonly damageFlag: Int32Array;
}

export interface StagedFiles {
  readonly fileCounts: Record<Placement, number>;
  readonly contentBytes: number;
  readonly damaged: readonly { readonly file: number; readonly problem: ObjectProblem }[];
}

/**
 * Builds a part of an entry's tree from the cache's objects. Directories get their final mode and time later, when all that
 * is in them is there.
 *
 * After the first object that is not whole nothing more is built, but every object is still looked at: all
 * the damaged ones are to be known at once.
 * @throws BtdtError, a `node:fs` error; both mean that the destination cannot be written
 */
export const stageFilesJob: Job<StageFilesInput, StagedFiles> = {
  name: "stage-files",
  run(input, context) {
    const manifest = viewManifest(input.payload);
    const stager = new Stager(manifest, input);
    for (let directory = input.firstDirectory; directory < input.endDirectory; directory++) {
      if (context.isCancelled()) break;
      stager.stageDirectory(directory);
    }
    return stager.result;
  },
  workOf: (_input, { fileCounts, contentBytes }) => {
    return { files: fileCounts.reflinked + fileCounts.linked + fileCounts.copied, bytes: contentBytes };
  },
};

class Stager {
  readonly result = {
    fileCounts: { reflinked: 0, linked: 0, copied: 0 },
    contentBytes: 0,
    damaged: [] as { file: number; problem: ObjectProblem }[],
  };
  private readonly manifest: Manifest;
  private readonly input: StageFilesInput;
  private readonly target: StagingPath;
  private readonly placer: ObjectPlacer;

  constructor(manifest: Manifest, input: StageFilesInput) {
    this.manifest = manifest;
    this.input = input;
    this.target = new StagingPath(manifest, input.staging, input.areDirectoriesMade);
    this.placer = new ObjectPlacer(manifest, input);
  }

  stageDirectory(directory: number): void {
    const { manifest } = this;
    const { unwanted } = this.input;
    if (unwanted === undefined && !this.isDamaged()) this.target.ensureDirectory(directory);
    const lastFile = at(manifest.directoryFileEnds, directory);
    for (let file = manifest.firstFileOf(directory); file < lastFile; file++) {
      if (unwanted?.files[file] !== 1) this.stageFile(directory, file);
    }
    const lastSymlink = at(manifest.directorySymlinkEnds, directory);
    for (let symlink = manifest.firstSymlinkOf(directory); symlink < lastSymlink; symlink++) {
      if (unwanted?.symlinks[symlink] !== 1 && !this.isDamaged()) this.stageSymlink(directory, symlink);
    }
  }

  private isDamaged(): boolean {
    return Atomics.load(this.input.damageFlag, 0) !== 0;
  }

  private noteDamage(file: number, problem: ObjectProblem): void {
    Atomics.store(this.input.damageFlag, 0, 1);
    this.result.damaged.push({ file, problem });
  }

  private stageFile(directory: number, file: number): void {
    const { manifest, input, target } = this;
    if (!hasObject(manifest, file)) {
      if (this.isDamaged()) return;
      target.setFile(directory, file);
      makeEmptyFile(target.buffer, attributesOfFile(manifest, file));
      this.result.fileCounts.copied += 1;
      return;
    }
    if (input.packed !== undefined && input.packed[file] !== 0) {
      if (!this.isDamaged()) target.ensureDirectory(directory);
      return;
    }
    const problem = this.placer.problemOf(file);
    if (problem !== undefined) return this.noteDamage(file, problem);
    if (this.isDamaged()) return;
    target.setFile(directory, file);
    const placed = this.placer.place(file, target.buffer, input.ownInode[file] !== 0);
    switch (placed) {
      case "missing":
      case "changed":
      case "unreadable":
        return this.noteDamage(file, placed);
      case "linked":
      case "reflinked":
      case "copied":
        this.result.fileCounts[placed] += 1;
        this.result.contentBytes += at(manifest.fileSizes, file);
    }
  }

  private stageSymlink(directory: number, symlink: number): void {
    const { manifest, target } = this;
    target.setSymlink(directory, symlink);
    symlinkSync(fsPath(manifest.symlinkTarget(symlink)), fsPath(target.buffer.toBytes()));
    setMtimeBuffer(
      target.buffer,
      at(manifest.symlinkMtimeSeconds, symlink),
      at(manifest.symlinkMtimeNanoseconds, symlink),
    );
  }
}

function makeEmptyFile(path: PathBuffer, attributes: FileAttributes): void {
  closeWritten(
    openSync(
      fsPath(path.toBytes()),
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
      attributes.mode,
    ),
  );
  setAttributes(path, attributes);
}

compileMethodsLightly(Stager, stageFilesJob);
