import { accessSync, closeSync, constants, mkdirSync, openSync, renameSync, symlinkSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { isBtdtError } from "../base/errors.ts";
import { shortLived, shortLivedMethods } from "../base/short-lived.ts";
import { errnoOf } from "../fs/errno.ts";
import { emptyStatus, lstatBuffer } from "../fs/file-status.ts";
import { tryLink } from "../fs/link-file.ts";
import { PathBuffer } from "../fs/path-buffer.ts";
import {
  copyFile,
  type FileAttributes,
  FilePlacer,
  type LinkMode,
  type Placement,
  setAttributes,
  TooManyLinks,
} from "../fs/place-file.ts";
import { setMtimeBuffer } from "../fs/set-times.ts";
import { viewManifest } from "../manifest/codec.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { hasObject, isLinkable, isSound, objectPathOf } from "../objects/object-name.ts";
import type { Job } from "../work/job.ts";

const SLASH = "/" as ByteString;
const PERMISSIONS = 0o777;

export interface StageFilesInput {
  readonly payload: Uint8Array;
  readonly objects: ByteString;
  /** Where the tree is built: nobody else's, and nothing in it but what these jobs make. */
  readonly staging: ByteString;
  /** For objects that have to be replaced; undefined when the cache may only be read. */
  readonly temporary: ByteString | undefined;
  readonly linkMode: LinkMode;
  readonly firstDirectory: number;
  readonly endDirectory: number;
  /** Non-zero for each file that must get an inode of its own. */
  readonly ownInode: Uint8Array;
  /** Non-zero for each file and symlink that is not wanted; undefined when the whole tree is, directories included. */
  readonly unwanted: { readonly files: Uint8Array; readonly symlinks: Uint8Array } | undefined;
  /** Non-zero for each file that comes from a pack, and is left for that; its directory is made. */
  readonly packed: Uint8Array | undefined;
  /** One word, shared by all jobs of a restore: non-zero once an object was found that is not whole. */
  readonly damageFlag: Int32Array;
}

export type ObjectProblem = "missing" | "changed" | "unreadable" | "damaged";

export interface StagedFiles {
  readonly fileCounts: Record<Placement, number>;
  readonly contentBytes: number;
  readonly damaged: readonly { readonly file: number; readonly problem: ObjectProblem }[];
}

const object = new PathBuffer();
const target = new PathBuffer();
const temporary = new PathBuffer();
const status = emptyStatus();

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
  readonly #manifest: Manifest;
  readonly #input: StageFilesInput;
  readonly #placer: FilePlacer;
  readonly #made = new Set<number>();
  readonly #temporaryPrefix = crypto.randomUUID();
  #temporaryCount = 0;

  constructor(manifest: Manifest, input: StageFilesInput) {
    this.#manifest = manifest;
    this.#input = input;
    this.#placer = placerFor(input);
  }

  stageDirectory(directory: number): void {
    const { unwanted } = this.#input;
    if (unwanted === undefined && !this.#isDamaged()) this.#ensureDirectory(directory);
    const lastFile = at(this.#manifest.directoryFileEnds, directory);
    for (let file = this.#manifest.firstFileOf(directory); file < lastFile; file++) {
      if (unwanted?.files[file] !== 1) this.#stageFile(directory, file);
    }
    const lastSymlink = at(this.#manifest.directorySymlinkEnds, directory);
    for (let symlink = this.#manifest.firstSymlinkOf(directory); symlink < lastSymlink; symlink++) {
      if (unwanted?.symlinks[symlink] !== 1 && !this.#isDamaged()) this.#stageSymlink(directory, symlink);
    }
  }

  #isDamaged(): boolean {
    return Atomics.load(this.#input.damageFlag, 0) !== 0;
  }

  #noteDamage(file: number, problem: ObjectProblem): void {
    Atomics.store(this.#input.damageFlag, 0, 1);
    this.result.damaged.push({ file, problem });
  }

  #stageFile(directory: number, file: number): void {
    const manifest = this.#manifest;
    if (!hasObject(manifest, file)) {
      if (this.#isDamaged()) return;
      this.#setTarget(directory, manifest.fileName(file));
      makeEmptyFile(target, attributesOf(manifest, file));
      this.result.fileCounts.copied += 1;
      return;
    }
    if (this.#input.packed !== undefined && this.#input.packed[file] !== 0) {
      if (!this.#isDamaged()) this.#ensureDirectory(directory);
      return;
    }
    object.set(objectPathOf(this.#input.objects, manifest, file));
    if (!lstatBuffer(object, status)) return this.#noteDamage(file, "missing");
    if (!isSound(status, manifest, file)) return this.#noteDamage(file, "changed");
    if (this.#isDamaged()) return;
    this.#setTarget(directory, manifest.fileName(file));
    const placement = this.#place(file);
    if (placement === undefined) return;
    this.result.fileCounts[placement] += 1;
    this.result.contentBytes += at(manifest.fileSizes, file);
  }

  /** Undefined when the object turned out not to be usable, which is then noted. */
  #place(file: number): Placement | undefined {
    const mayShare = isLinkable(this.#manifest, file) && this.#input.ownInode[file] === 0;
    if (mayShare && this.#placer.prefersLink && tryLink(object, target)) return "linked";
    const attributes = attributesOf(this.#manifest, file);
    try {
      const placement = this.#placeOrRenew(file, attributes, mayShare);
      if (placement === "linked") return placement;
      // What was copied may have been edited, through another tree's link, since the object was looked at.
      if (!lstatBuffer(object, status)) this.#noteDamage(file, "missing");
      else if (!isSound(status, this.#manifest, file)) this.#noteDamage(file, "changed");
      else return placement;
      return undefined;
    } catch (error) {
      // Was it the object or the destination? A clean may have removed the one, others may not read it.
      if (!lstatBuffer(object, status)) this.#noteDamage(file, "missing");
      else if (!isSound(status, this.#manifest, file)) this.#noteDamage(file, "changed");
      else if (!isReadable(object)) this.#noteDamage(file, "unreadable");
      else throw error;
      return undefined;
    }
  }

  #placeOrRenew(file: number, attributes: FileAttributes, mayShare: boolean): Placement {
    try {
      return this.#placer.place(object, target, attributes, mayShare);
    } catch (error) {
      if (error instanceof TooManyLinks) return this.#placeWithFreshObject(file, attributes);
      throw error;
    }
  }

  /** The object has as many links as its inode can have: a copy of it takes its place, and starts again at one. */
  #placeWithFreshObject(file: number, attributes: FileAttributes): Placement {
    if (this.#input.temporary !== undefined) {
      this.#temporaryCount += 1;
      temporary
        .set(this.#input.temporary)
        .append(`/${this.#temporaryPrefix}-${this.#temporaryCount}` as ByteString);
      try {
        copyFile(object, temporary, { ...attributes, mode: attributes.mode & PERMISSIONS });
        if (lstatBuffer(object, status) && isSound(status, this.#manifest, file)) {
          renameSync(fsPath(temporary.toBytes()), fsPath(object.toBytes()));
          if (tryLink(object, target)) return "linked";
        }
      } catch (error) {
        // A cache that is full or turned read-only can still be copied from.
        if (errnoOf(error) === undefined && !isBtdtError(error, "SYSTEM")) throw error;
      }
    }
    copyFile(object, target, attributes);
    return "copied";
  }

  #stageSymlink(directory: number, symlink: number): void {
    const manifest = this.#manifest;
    this.#setTarget(directory, manifest.symlinkName(symlink));
    symlinkSync(fsPath(manifest.symlinkTarget(symlink)), fsPath(target.toBytes()));
    setMtimeBuffer(
      target,
      at(manifest.symlinkMtimeSeconds, symlink),
      at(manifest.symlinkMtimeNanoseconds, symlink),
    );
  }

  #setTarget(directory: number, name: ByteString): void {
    if (this.#manifest.counts.isSingleFile) {
      target.set(this.#input.staging);
      return;
    }
    this.#ensureDirectory(directory);
    target.truncate(this.#directoryLength).append(name);
  }

  #currentDirectory = -1;
  #directoryLength = 0;

  /** Leaves the directory's path, with a slash, at the start of `target`. */
  #ensureDirectory(directory: number): void {
    if (directory === this.#currentDirectory || this.#manifest.counts.isSingleFile) return;
    this.#makeDirectory(directory);
    target.set(this.#input.staging);
    if (directory > 0) target.append(SLASH).append(this.#manifest.directoryPath(directory));
    target.append(SLASH);
    this.#currentDirectory = directory;
    this.#directoryLength = target.length;
  }

  /** Another worker may be making the same directory, or need it as a parent. */
  #makeDirectory(directory: number): void {
    if (directory === 0 || this.#made.has(directory)) return;
    this.#makeDirectory(at(this.#manifest.directoryParents, directory));
    this.#made.add(directory);
    try {
      mkdirSync(fsPath(`${this.#input.staging}/${this.#manifest.directoryPath(directory)}` as ByteString), {
        mode: at(this.#manifest.directoryModes, directory) | 0o700,
      });
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
  }
}

let knownPlacer: { readonly key: string; readonly placer: FilePlacer } | undefined;

function placerFor(input: StageFilesInput): FilePlacer {
  const key = `${input.objects}\0${input.staging}\0${input.linkMode}`;
  if (knownPlacer?.key !== key) knownPlacer = { key, placer: new FilePlacer(input.linkMode) };
  return knownPlacer.placer;
}

function attributesOf(manifest: Manifest, file: number): FileAttributes {
  return {
    mode: at(manifest.fileModes, file),
    sizeBytes: at(manifest.fileSizes, file),
    mtimeSeconds: at(manifest.fileMtimeSeconds, file),
    mtimeNanoseconds: at(manifest.fileMtimeNanoseconds, file),
  };
}

function makeEmptyFile(path: PathBuffer, attributes: FileAttributes): void {
  closeSync(
    openSync(
      fsPath(path.toBytes()),
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
      attributes.mode,
    ),
  );
  setAttributes(path, attributes);
}

function isReadable(path: PathBuffer): boolean {
  try {
    accessSync(fsPath(path.toBytes()), constants.R_OK);
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

shortLived(attributesOf);
shortLivedMethods(Stager);
