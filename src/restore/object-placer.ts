import { accessSync, constants, renameSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { isBtdtError } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { tryLink } from "../fs/native/link-file.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { copyFile, FilePlacer, type LinkMode, type Placement, TooManyLinks } from "../fs/place-file.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isLinkable, isWhole, PERMISSIONS } from "../objects/object-attributes.ts";
import { ObjectPathWriter } from "../objects/object-path.ts";

export type ObjectProblem = "missing" | "changed" | "unreadable";

const temporary = new PathBuffer();
const status = emptyStatus();

/** Where objects come from and go to. */
export interface ObjectPlaces {
  readonly objects: ByteString;
  /** Where the tree is built. */
  readonly staging: ByteString;
  /** For objects that have to be replaced; undefined when the cache is read-only. */
  readonly temporary: ByteString | undefined;
  readonly linkMode: LinkMode;
}

/** Makes files of a manifest from the cache's objects, each of which is looked at before it is trusted. */
export class ObjectPlacer {
  private readonly manifest: Manifest;
  private readonly places: ObjectPlaces;
  private readonly placer: FilePlacer;
  private readonly objectPath: ObjectPathWriter;
  /** Of the file at hand. */
  private readonly object: PathBuffer;
  private readonly temporaryPrefix = crypto.randomUUID();
  private temporaryCount = 0;

  constructor(manifest: Manifest, places: ObjectPlaces) {
    this.manifest = manifest;
    this.places = places;
    this.placer = placerFor(places);
    this.objectPath = new ObjectPathWriter(places.objects, manifest);
    this.object = this.objectPath.buffer;
  }

  /** What is wrong with a file's object, which is what `place` then places. */
  problemOf(file: number): ObjectProblem | undefined {
    this.objectPath.set(file);
    return this.problemOfObject(file);
  }

  /**
   * Makes `target` from the object that `problemOf` has just found sound.
   * @param ownInode the file must not share its inode with anything
   * @throws BtdtError SYSTEM, a `node:fs` error: `target` cannot be written
   */
  place(file: number, target: PathBuffer, ownInode: boolean): Placement | ObjectProblem {
    const mayShare = !ownInode && isLinkable(this.manifest, file);
    if (mayShare && this.placer.prefersLink && tryLink(this.object, target)) return "linked";
    try {
      const placement = this.placeOrRenew(file, target, mayShare);
      if (placement === "linked") return placement;
      // What was copied may have been edited, through another tree's link, since the object was looked at.
      return this.problemOfObject(file) ?? placement;
    } catch (error) {
      // Was it the object or the destination? A clean may have removed the one, others may not read it.
      const problem = this.problemOfObject(file) ?? (isReadable(this.object) ? undefined : "unreadable");
      if (problem === undefined) throw error;
      return problem;
    }
  }

  private problemOfObject(file: number): ObjectProblem | undefined {
    if (!lstatBuffer(this.object, status)) return "missing";
    return isWhole(status, this.manifest, file) ? undefined : "changed";
  }

  private placeOrRenew(file: number, target: PathBuffer, mayShare: boolean): Placement {
    const attributes = attributesOfFile(this.manifest, file);
    try {
      return this.placer.place(this.object, target, attributes, mayShare);
    } catch (error) {
      if (error instanceof TooManyLinks) return this.placeFreshObject(file, target, attributes);
      throw error;
    }
  }

  /** The object has as many links as its inode can have: a copy of it takes its place, and starts again at one. */
  private placeFreshObject(file: number, target: PathBuffer, attributes: FileAttributes): Placement {
    if (this.places.temporary !== undefined) {
      this.temporaryCount += 1;
      temporary
        .set(this.places.temporary)
        .append(`/${this.temporaryPrefix}-${this.temporaryCount}` as ByteString);
      try {
        copyFile(this.object, temporary, { ...attributes, mode: attributes.mode & PERMISSIONS });
        if (this.problemOfObject(file) === undefined) {
          renameSync(fsPath(temporary.toBytes()), fsPath(this.object.toBytes()));
          if (tryLink(this.object, target)) return "linked";
        }
      } catch (error) {
        // A cache that is full or turned read-only can still be copied from.
        if (errnoOf(error) === undefined && !isBtdtError(error, "SYSTEM")) throw error;
      }
    }
    copyFile(this.object, target, attributes);
    return "copied";
  }
}

let knownPlacer: { readonly key: string; readonly placer: FilePlacer } | undefined;

/** Jobs of one restore share what was learnt about the file systems. */
function placerFor(places: ObjectPlaces): FilePlacer {
  const key = `${places.objects}\0${places.staging}\0${places.linkMode}`;
  if (knownPlacer?.key !== key) knownPlacer = { key, placer: new FilePlacer(places.linkMode) };
  return knownPlacer.placer;
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

compileMethodsLightly(ObjectPlacer);
