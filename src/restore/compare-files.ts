import { readlinkSync } from "node:fs";
import { type ByteString, bytesFromBuffer, fsPath } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { hasKeptAttributes, isTimeKept } from "../fs/file-clock.ts";
import type { LinkMode } from "../fs/link-mode.ts";
import { hasExtendedAttributes, mayGiveRights } from "../fs/native/extended-attributes.ts";
import { emptyStatus, isSameFile, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import { viewManifest } from "../manifest/codec.ts";
import type { DirectoryRange, DoneRange } from "../manifest/directory-ranges.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { type RangeVisitor, visitRange } from "../manifest/visit-range.ts";
import { hasObject } from "../objects/object-attributes.ts";
import { locateObject } from "../objects/object-path.ts";
import { hasContent } from "../read/has-content.ts";
import { Sharing } from "../sharing/classify-files.ts";
import type { Job, JobContext } from "../work/job.ts";
import { createStopCheck } from "../work/stop-check.ts";
import { isWritableByOthers } from "./may-others-write.ts";
import type { LinkSource, Unchanged } from "./target.ts";

const SLASH = "/" as ByteString;

export interface CompareFilesInput extends DirectoryRange {
  readonly payload: Uint8Array;
  readonly destination: ByteString;
  readonly links: LinkSource;
  /** See `namesOnTheirOwn`. */
  readonly separateNames: readonly number[];
  /** Its directories say where to look; files and symlinks are filled in, in memory shared between threads. */
  readonly unchanged: Unchanged;
}

export interface ComparedFiles extends DoneRange {
  /** Paths, relative to the destination, of directories in place of which the entry has a file or symlink. */
  readonly directoriesInTheWay: readonly ByteString[];
  readonly fileCount: number;
}

const path = new PathBuffer();
const object = new PathBuffer();
const status = emptyStatus();
const objectStatus = emptyStatus();
const attributes: FileAttributes = { mode: 0, sizeBytes: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };

/**
 * Finds out what a destination already has of an entry, without changing anything.
 * @throws BtdtError CANCELLED
 */
export const compareFilesJob: Job<CompareFilesInput, ComparedFiles> = {
  name: "compare-files",
  run(input, context) {
    const manifest = viewManifest(input.payload);
    const comparer = new FileComparer(manifest, input, context);
    const hasEnough = createStopCheck(context, "stopped before all files were compared");
    return { ...visitRange(manifest, input, comparer, hasEnough), ...comparer.result };
  },
  workOf: (_input, { fileCount }) => ({ files: fileCount }),
};

class FileComparer implements RangeVisitor {
  readonly result = { directoriesInTheWay: [] as ByteString[], fileCount: 0 };
  private readonly manifest: Manifest;
  private readonly input: CompareFilesInput;
  private readonly context: JobContext;
  private readonly rootLength: number;
  private directoryLength = 0;

  constructor(manifest: Manifest, input: CompareFilesInput, context: JobContext) {
    this.manifest = manifest;
    this.input = input;
    this.context = context;
    this.rootLength = path.set(input.destination).length;
  }

  enterDirectory(directory: number): boolean {
    const { manifest } = this;
    if (this.input.unchanged.directories[directory] === 0) {
      this.result.fileCount += at(manifest.directoryFileEnds, directory) - manifest.firstFileOf(directory);
      return false;
    }
    path.truncate(this.rootLength);
    if (directory > 0) path.append(SLASH).append(manifest.directoryPath(directory));
    this.directoryLength = path.append(SLASH).length;
    return true;
  }

  visitFile(_directory: number, file: number): void {
    const { manifest, input, context } = this;
    this.result.fileCount += 1;
    path.truncate(this.directoryLength).append(manifest.fileName(file));
    if (!this.examine()) return;
    if (isUnchangedFile(manifest, file, input, context)) input.unchanged.files[file] = 1;
  }

  visitSymlink(_directory: number, symlink: number): void {
    const { manifest, input } = this;
    path.truncate(this.directoryLength).append(manifest.symlinkName(symlink));
    if (!this.examine()) return;
    if (isUnchangedSymlink(manifest, symlink)) input.unchanged.symlinks[symlink] = 1;
  }

  /** Whether there is anything at `path`. */
  private examine(): boolean {
    if (!lstatBuffer(path, status)) return false;
    if (status.kind === "directory") {
      this.result.directoriesInTheWay.push(path.toBytes().slice(this.rootLength + 1) as ByteString);
    }
    return true;
  }
}

/**
 * Size, mode and time alone would be enough for a build tool, but a restore promises the content. That is proven by
 * being the same inode as the object, or by the digest. A file that shares its inode with more than it may counts as
 * changed, because an edit would reach the object or another tree.
 */
function isUnchangedFile(
  manifest: Manifest,
  file: number,
  { links, separateNames }: CompareFilesInput,
  context: JobContext,
): boolean {
  attributesOfFile(manifest, file, attributes);
  if (!hasKeptAttributes(status, attributes, path)) return false;
  // A further name is compared with the first one on its mount, see `compareNames`.
  const isSeparate = separateNames.includes(file);
  if (!hasObject(manifest, file) || (manifest.isLink(file) && !isSeparate)) return true;
  const sharing = links.sharing[file];
  object.set(locateObject(links.objects, manifest, file, sharing === Sharing.EXCLUSIVE));
  try {
    const isLinked =
      status.linkCount > 1 && lstatBuffer(object, objectStatus) && isSameFile(status, objectStatus);
    const mostNames = manifest.countNames(file) + (isLinked ? 1 : 0);
    if (sharing !== Sharing.SHARED && status.linkCount > mostNames && !isSeparate) return false;
    if (links.linksOnlyOwn && status.linkCount > 1 && isWritableByOthers(status)) return false;
    // They may have been set on another tree, which is linked to the same file.
    if (status.linkCount > 1 && mayGiveRights(status.mode) && hasExtendedAttributes(path)) return false;
    if (isLinked) {
      if (sharing === Sharing.OWN || !mayLink(links.mode)) return false;
      const isTrusted = links.suspects?.[file] !== 1;
      if (isTrusted && !links.isVerified) return true;
    }
    return hasContent(path, status, manifest.fileDigests, file * DIGEST_SIZE_BYTES, context);
  } catch (error) {
    // Unreadable, or being written to: it will be replaced.
    if (errnoOf(error) !== undefined || (isBtdtError(error) && error.code !== "CANCELLED")) return false;
    throw error;
  }
}

function mayLink(mode: LinkMode): boolean {
  return mode === "auto" || mode === "hard";
}

function isUnchangedSymlink(manifest: Manifest, symlink: number): boolean {
  const mtimeSeconds = at(manifest.symlinkMtimeSeconds, symlink);
  const mtimeNanoseconds = at(manifest.symlinkMtimeNanoseconds, symlink);
  if (status.kind !== "symlink" || !isTimeKept(status, { mtimeSeconds, mtimeNanoseconds }, path))
    return false;
  try {
    const target = bytesFromBuffer(readlinkSync(fsPath(path.toBytes()), { encoding: "buffer" }));
    return target === manifest.symlinkTarget(symlink);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

compileMethodsLightly(FileComparer);
