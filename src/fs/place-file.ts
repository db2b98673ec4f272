import { fsPath } from "../base/byte-string.ts";
import type { Cancellation } from "../base/cancellation.ts";
import { compileLightly, compileMethodsLightly } from "../base/compile-lightly.ts";
import { copyFile } from "./copy-file.ts";
import { errnoOf } from "./errno.ts";
import { type FileAttributes, setAttributes } from "./file-attributes.ts";
import type { LinkMode } from "./link-mode.ts";
import { tryClone } from "./native/clone-file.ts";
import { emptyStatus, isSameFile, lstatBuffer } from "./native/file-status.ts";
import { tryLink } from "./native/link-file.ts";
import type { PathBuffer } from "./native/path-buffer.ts";
import { unlink } from "./native/path-calls.ts";
import { nodeFs } from "./node-fs.ts";

/** What was actually done, for the report. */
export type Placement = "reflinked" | "linked" | "copied";

/** The file has as many links as the file system allows (ext4: 65,000); a new inode would help. */
export class TooManyLinks extends Error {}

const sourceStatus = emptyStatus();
const targetStatus = emptyStatus();

/**
 * Places files between one pair of file systems, and remembers what these do not support: a file system without
 * reflinks is asked once, not for each file.
 */
export class FilePlacer {
  private mayReflink: boolean;
  private mayLink: boolean;

  constructor(mode: LinkMode) {
    this.mayReflink = mode === "auto" || mode === "reflink";
    this.mayLink = mode === "auto" || mode === "hard";
  }

  /** Whether `place` would try a hard link first; callers may then try it themselves. */
  get prefersLink(): boolean {
    return this.mayLink && !this.mayReflink;
  }

  /**
   * Creates `target`, which must not exist, from `source`, whose content and attributes are described by
   * `attributes`.
   * @param mostNames how many names an inode may have if it is linked, `target` included; 0: it is never linked
   * @throws TooManyLinks, BtdtError CANCELLED, SYSTEM, a `node:fs` error
   */
  place(
    source: PathBuffer,
    target: PathBuffer,
    attributes: FileAttributes,
    mostNames: number,
    cancellation: Cancellation,
  ): Placement {
    if (this.mayReflink && this.tryReflink(source, target, attributes)) return "reflinked";
    if (mostNames > 0 && this.mayLink && hasRoom(source, mostNames) && this.tryHardLink(source, target)) {
      if (mostNames === Number.POSITIVE_INFINITY || hasFewNames(source, target, mostNames)) return "linked";
      unlink(target.toBytes());
    }
    copyFile(source, target, attributes, cancellation);
    return "copied";
  }

  private tryReflink(source: PathBuffer, target: PathBuffer, attributes: FileAttributes): boolean {
    if (!tryClone(source, target)) {
      this.mayReflink = false;
      return false;
    }
    setAttributes(target, attributes);
    return true;
  }

  private tryHardLink(source: PathBuffer, target: PathBuffer): boolean {
    if (tryLink(source, target)) return true;
    try {
      // Again, for an error that says why.
      nodeFs().linkSync(fsPath(source.toBytes()), fsPath(target.toBytes()));
      return true;
    } catch (error) {
      switch (errnoOf(error)) {
        case "EXDEV":
        case "EOPNOTSUPP":
        case "ENOTSUP":
        case "ENOSYS":
          this.mayLink = false;
          return false;
        // Another user's file, with fs.protected_hardlinks on: the next file may be ours.
        case "EPERM":
        case "EACCES":
          return false;
        case "EMLINK":
          throw new TooManyLinks();
        default:
          throw error;
      }
    }
  }
}

/** False if a link would certainly be one too many, and would have to be removed again. */
function hasRoom(source: PathBuffer, mostNames: number): boolean {
  if (mostNames === Number.POSITIVE_INFINITY) return true;
  return lstatBuffer(source, sourceStatus) && sourceStatus.linkCount < mostNames;
}

/**
 * Whether no other tree has a file that was just linked. Of two processes that link it at once, the one whose link is
 * the later one sees both: never do both keep it. The source is looked at last, because the number says nothing if the
 * source was removed from the cache in the meantime.
 */
function hasFewNames(source: PathBuffer, target: PathBuffer, mostNames: number): boolean {
  return (
    lstatBuffer(target, targetStatus) &&
    targetStatus.linkCount <= mostNames &&
    lstatBuffer(source, sourceStatus) &&
    isSameFile(sourceStatus, targetStatus)
  );
}

compileLightly(hasRoom, hasFewNames);
compileMethodsLightly(FilePlacer);
