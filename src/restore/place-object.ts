import type { ByteString } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { isBtdtError } from "../base/errors.ts";
import { copyFile } from "../fs/copy-file.ts";
import { errnoOf } from "../fs/errno.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { mayAccess } from "../fs/may-access.ts";
import { hasExtendedAttributes, mayGiveRights } from "../fs/native/extended-attributes.ts";
import { tryLink } from "../fs/native/link-file.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { FilePlacer, type Placement, TooManyLinks } from "../fs/place-file.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { examineObject, type ObjectState } from "../objects/examine-object.ts";
import { PERMISSIONS } from "../objects/object-attributes.ts";
import { replaceObject } from "../objects/object-claim.ts";
import { mostNamesOf, Sharing } from "../sharing/classify-files.ts";
import type { JobContext } from "../work/job.ts";
import type { LinkSource } from "./target.ts";
import { verifyFile } from "./verify-file.ts";

/**
 * Why a file cannot be created from its object; `damaged`: it was hashed, and has different bytes than were stored.
 */
export type ObjectProblem = Exclude<ObjectState, "whole" | "altered"> | "damaged";

const temporary = new PathBuffer();

/** Creates files from whole objects, in whatever way the file systems offer. */
export class ObjectPlacer {
  private readonly manifest: Manifest;
  private readonly links: LinkSource;
  private readonly context: JobContext;
  private readonly placer: FilePlacer;
  private readonly temporaryPrefix = crypto.randomUUID();
  private temporaryCount = 0;

  /** @param site where the tree is built */
  constructor(manifest: Manifest, links: LinkSource, site: ByteString, context: JobContext) {
    this.context = context;
    this.manifest = manifest;
    this.links = links;
    this.placer = shareFilePlacer(links, site);
  }

  /** Whether `place` would try a hard link first, and nothing else. */
  prefersLink(sharing: number): boolean {
    return sharing === Sharing.SHARED && this.placer.prefersLink;
  }

  /**
   * @param sharing how many trees may have the inode of this object; see `Sharing`
   * @throws BtdtError SYSTEM, a `node:fs` error: `target` cannot be written
   */
  place(file: number, sharing: number, object: PathBuffer, target: PathBuffer): Placement | ObjectProblem {
    try {
      const placement = this.placeOrRenew(file, sharing, object, target);
      if (placement === "linked") return placement;
      // What was copied may have been edited through a link in another tree since the object was examined.
      const state = examineObject(object, this.manifest, file);
      if (state !== "altered") return state === "whole" ? placement : state;
      return verifyFile(target, this.manifest, file, this.context) === undefined ? placement : "edited";
    } catch (error) {
      // Is it the object or the destination? A clean may have removed the object, or this user may not read it.
      const state = examineObject(object, this.manifest, file);
      if (state !== "whole" && state !== "altered") return state;
      if (!mayAccess(object.toBytes(), "read")) return "unreadable";
      // A failing disk: only reading the object again tells whose it is.
      const mayBeEither = errnoOf(error) === "EIO" || errnoOf(error) === "ESTALE";
      if (mayBeEither && verifyFile(object, this.manifest, file, this.context) === "unreadable")
        return "unreadable";
      throw error;
    }
  }

  /**
   * Whether a link to an object would give rights that its mode does not: capabilities or an ACL were set in a tree
   * that links to it. Other extended attributes are not worth a system call for each file.
   */
  givesRights(file: number, object: PathBuffer): boolean {
    return mayGiveRights(at(this.manifest.fileModes, file)) && hasExtendedAttributes(object);
  }

  private placeOrRenew(file: number, sharing: number, object: PathBuffer, target: PathBuffer): Placement {
    const attributes = attributesOfFile(this.manifest, file);
    if (sharing !== Sharing.OWN && this.givesRights(file, object)) {
      if (sharing === Sharing.SHARED && this.links.mode !== "copy" && this.links.mode !== "reflink") {
        return this.renewObject(file, object, target, attributes);
      }
      copyFile(object, target, attributes, this.context);
      return "copied";
    }
    try {
      // Its further names are made later.
      return this.placer.place(object, target, attributes, mostNamesOf(sharing, 1), this.context);
    } catch (error) {
      if (error instanceof TooManyLinks) return this.renewObject(file, object, target, attributes);
      throw error;
    }
  }

  /**
   * The object has as many links as its inode can have, or extended attributes: it is replaced by a copy of itself,
   * which starts over with one link and none of these.
   */
  private renewObject(
    file: number,
    object: PathBuffer,
    target: PathBuffer,
    attributes: FileAttributes,
  ): Placement {
    if (this.links.temporary !== undefined) {
      this.temporaryCount += 1;
      temporary
        .set(this.links.temporary)
        .append(`/${this.temporaryPrefix}-${this.temporaryCount}` as ByteString);
      try {
        copyFile(object, temporary, { ...attributes, mode: attributes.mode & PERMISSIONS }, this.context);
        if (examineObject(object, this.manifest, file) === "whole") {
          // It may have inherited an ACL from the cache's directory.
          const isClean = !this.givesRights(file, temporary);
          if (isClean) replaceObject(temporary.toBytes(), object);
          if (isClean && tryLink(object, target)) return "linked";
        }
      } catch (error) {
        // Copying from a cache that is full or has become read-only still works.
        if (errnoOf(error) === undefined && !isBtdtError(error, "SYSTEM")) throw error;
      }
    }
    copyFile(object, target, attributes, this.context);
    return "copied";
  }
}

let sharedPlacer: { readonly key: string; readonly placer: FilePlacer } | undefined;

/** Jobs of one restore share what they learn about the file systems. */
function shareFilePlacer({ objects, mode }: LinkSource, site: ByteString): FilePlacer {
  const key = `${objects}\0${site}\0${mode}`;
  if (sharedPlacer?.key !== key) sharedPlacer = { key, placer: new FilePlacer(mode) };
  return sharedPlacer.placer;
}

compileMethodsLightly(ObjectPlacer);
