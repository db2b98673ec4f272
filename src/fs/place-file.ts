import { chmodSync, constants, copyFileSync, unlinkSync } from "node:fs";
import { fsPath, shown } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf } from "./errno.ts";
import { emptyStatus, lstatBuffer } from "./file-status.ts";
import { link, tryLink } from "./link-file.ts";
import type { PathBuffer } from "./path-buffer.ts";
import { setMtimeBuffer } from "./set-times.ts";

/**
 * How a file may come to stand in a second place. `auto` prefers what costs no data and, of those, what leaves the
 * two independent: a reflink, else a hard link, else a copy.
 */
export const LINK_MODES = ["auto", "reflink", "hard", "copy"] as const;
export type LinkMode = (typeof LINK_MODES)[number];

/** What was really done, which is what gets reported. */
export type Placement = "reflinked" | "linked" | "copied";

export interface FileAttributes {
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
}

/** The file's link count is at the file system's limit (ext4: 65,000): a fresh inode would help. */
export class TooManyLinks extends Error {}

const status = emptyStatus();

/**
 * Places files of one pair of file systems, and remembers what they refuse: a file system without reflinks is asked
 * once, not for each file.
 */
export class FilePlacer {
  #mayReflink: boolean;
  #mayLink: boolean;

  constructor(mode: LinkMode) {
    this.#mayReflink = mode === "auto" || mode === "reflink";
    this.#mayLink = mode === "auto" || mode === "hard";
  }

  /** Whether a hard link is the next thing that `place` would try: callers may then try it themselves first. */
  get prefersLink(): boolean {
    return this.#mayLink && !this.#mayReflink;
  }

  /**
   * Makes `target`, which must not exist, from `source`, whose content and attributes `attributes` states.
   * `mayShare` false asks for a file of its own with its own inode.
   * @throws TooManyLinks, BtdtError SYSTEM, a `node:fs` error
   */
  place(source: PathBuffer, target: PathBuffer, attributes: FileAttributes, mayShare: boolean): Placement {
    if (this.#mayReflink && this.#tryReflink(source, target, attributes)) return "reflinked";
    if (mayShare && this.#mayLink && this.#tryHardLink(source, target)) return "linked";
    copyFile(source, target, attributes);
    return "copied";
  }

  #tryReflink(source: PathBuffer, target: PathBuffer, attributes: FileAttributes): boolean {
    try {
      copyFileSync(
        fsPath(source.toBytes()),
        fsPath(target.toBytes()),
        constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL,
      );
    } catch (error) {
      switch (errnoOf(error)) {
        case "EOPNOTSUPP":
        case "ENOTSUP":
        case "EXDEV":
        case "EINVAL":
        case "ENOTTY":
        case "ENOSYS":
        case "EPERM":
          this.#mayReflink = false;
          return false;
        default:
          throw error;
      }
    }
    setAttributes(target, attributes);
    return true;
  }

  #tryHardLink(source: PathBuffer, target: PathBuffer): boolean {
    if (tryLink(source, target)) return true;
    try {
      link(source, target);
      return true;
    } catch (error) {
      switch (errnoOf(error)) {
        case "EXDEV":
        case "EOPNOTSUPP":
        case "ENOTSUP":
        case "ENOSYS":
          this.#mayLink = false;
          return false;
        // Another user's file where fs.protected_hardlinks is on: the next file may be ours.
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

/**
 * Copies with exact attributes. The target must not exist: writing into an existing file would write through a
 * link.
 * @throws BtdtError SYSTEM, a `node:fs` error; nothing is left behind
 */
export function copyFile(source: PathBuffer, target: PathBuffer, attributes: FileAttributes): void {
  const targetPath = fsPath(target.toBytes());
  // Outside the `try`: when the target exists it is not ours to remove.
  const from = fsPath(source.toBytes());
  try {
    copyFileSync(from, targetPath, constants.COPYFILE_EXCL);
    setAttributes(target, attributes);
    if (!lstatBuffer(target, status) || status.sizeBytes !== attributes.sizeBytes) {
      throw new BtdtError("SYSTEM", `${shown(target.toBytes())} was not copied whole`, {
        path: shown(target.toBytes()),
      });
    }
  } catch (error) {
    // A full disk leaves a file of full length behind that holds zeros.
    if (errnoOf(error) !== "EEXIST") removeQuietly(targetPath);
    throw error;
  }
}

export function setAttributes(target: PathBuffer, attributes: FileAttributes): void {
  chmodSync(fsPath(target.toBytes()), attributes.mode);
  setMtimeBuffer(target, attributes.mtimeSeconds, attributes.mtimeNanoseconds);
}

/** On the way out of an error that is about to be reported, and matters more than this one. */
function removeQuietly(path: string | Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
