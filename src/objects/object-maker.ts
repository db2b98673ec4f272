import type { ByteString } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import { copyFile } from "../fs/copy-file.ts";
import { errnoOf } from "../fs/errno.ts";
import { type FileAttributes, hasAttributes } from "../fs/file-attributes.ts";
import type { LinkMode } from "../fs/link-mode.ts";
import { hasExtendedAttributes, mayGiveRights } from "../fs/native/extended-attributes.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { FilePlacer, type Placement, TooManyLinks } from "../fs/place-file.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { hasContent } from "../read/has-content.ts";
import { mostNamesOf, Sharing } from "../sharing/classify-files.ts";
import type { JobContext } from "../work/job.ts";
import { notPreserved, sourceChanged } from "./adopt-errors.ts";
import { dropUnlessGood } from "./drop-unless-good.ts";
import { linkAsObject } from "./make-shard.ts";
import { isWhole, objectAttributes } from "./object-attributes.ts";
import { replaceObject } from "./object-claim.ts";
import { ObjectPathWriter } from "./object-path.ts";
import type { FileTimes } from "./reuse-object-times.ts";

export interface ObjectMakerInput {
  readonly source: ByteString;
  /** The times of the source's files: those in the manifest unless times are ignored. */
  readonly sourceTimes: FileTimes;
  readonly objects: ByteString;
  /** A directory of this process for unfinished objects, on the objects' file system. */
  readonly temporary: ByteString;
  readonly linkMode: LinkMode;
  /** See `classifyFiles`. */
  readonly sharing: Uint8Array;
  /** 1 for each file that had extended attributes when it was read; undefined if nobody looked. */
  readonly attributed: Uint8Array | undefined;
  /** 1 for each file whose object, if there is one, must be hashed before it is trusted; undefined if none must. */
  readonly suspects: Uint8Array | undefined;
}

const temporary = new PathBuffer();
const status = emptyStatus();
const sourceAttributes: FileAttributes = { mode: 0, sizeBytes: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };

/** Creates objects from the files of a source. */
export class ObjectMaker {
  readonly #manifest: Manifest;
  readonly #source: PathBuffer;
  readonly #input: ObjectMakerInput;
  readonly #context: JobContext;
  readonly #placer: FilePlacer;
  readonly #objectPath: ObjectPathWriter;
  readonly #temporaryPrefix = crypto.randomUUID();
  #temporaryCount = 0;

  /** To be closed. @param source names the file whenever `make` is called */
  constructor(manifest: Manifest, source: PathBuffer, input: ObjectMakerInput, context: JobContext) {
    this.#manifest = manifest;
    this.#source = source;
    this.#input = input;
    this.#context = context;
    this.#placer = placerFor(input);
    this.#objectPath = new ObjectPathWriter(input.objects, manifest);
  }

  close(): void {
    this.#objectPath.close();
  }

  /** @throws BtdtError SOURCE_CHANGED, CACHE_WRITE_FAILED, SYSTEM; a `node:fs` error */
  make(file: number): Placement | "reused" {
    const sharing = this.#input.sharing[file];
    const object = this.#objectPath.set(file, sharing === Sharing.EXCLUSIVE);
    // The common case in a first store: there is no object yet, and linking works.
    if (
      sharing === Sharing.SHARED &&
      this.#placer.prefersLink &&
      this.hasManifestTime(file) &&
      !this.isAttributed(file) &&
      linkAsObject(this.#source, object)
    ) {
      if (lstatBuffer(object, status) && isWhole(status, this.#manifest, file, object)) return "linked";
      // Another store may have replaced it with a good one in the meantime. That one never loses its name, not even for
      // a moment, so that no clean can take an entry for damaged, although the lock is not held here.
      dropUnlessGood(object, this.nextTemporary(), (path) => {
        return lstatBuffer(path, status) && isWhole(status, this.#manifest, file, path);
      });
      throw sourceChanged(this.#source);
    }
    if (lstatBuffer(object, status) && isWhole(status, this.#manifest, file, object)) {
      // What is written in place must not share its object with any tree, not even with one that was stored or restored
      // before this was known.
      const isPrivate = sharing !== Sharing.OWN || status.linkCount === 1;
      if (isPrivate && this.isTrusted(file, object)) return "reused";
    }
    return this.replace(file, object);
  }

  /**
   * How many names the inode of the source may have, its object included. One with extended attributes is not shared:
   * the trees that link to the object would get them.
   */
  private mostNamesOf(file: number): number {
    const mostNames = mostNamesOf(at(this.#input.sharing, file), this.#manifest.countNames(file));
    return mostNames > 0 && this.hasManifestTime(file) && !this.isAttributed(file) ? mostNames : 0;
  }

  /** Files to which attributes could give rights are looked at again, for they may have some since they were read. */
  private isAttributed(file: number): boolean {
    const { attributed } = this.#input;
    if (attributed?.[file] === 1) return true;
    if (attributed !== undefined && !mayGiveRights(at(this.#manifest.fileModes, file))) return false;
    return hasExtendedAttributes(this.#source);
  }

  /** An object that cannot be read is replaced like one that has lost bytes, since the source has them. */
  private isTrusted(file: number, object: PathBuffer): boolean {
    if (this.#input.suspects?.[file] !== 1) return true;
    const { fileDigests } = this.#manifest;
    try {
      return hasContent(object, status, fileDigests, file * DIGEST_SIZE_BYTES, this.#context);
    } catch (error) {
      if (errnoOf(error) === undefined && !isBtdtError(error)) throw error;
      return false;
    }
  }

  /** Creates the object under a temporary name and renames it, replacing a damaged one. */
  private replace(file: number, object: PathBuffer): Placement {
    this.nextTemporary();
    const attributes = objectAttributes(this.#manifest, file);
    let placement: Placement;
    try {
      this.assertSourceUnchanged(file);
      placement = this.#placer.place(
        this.#source,
        temporary,
        attributes,
        this.mostNamesOf(file),
        this.#context,
      );
      // A linked source is the object itself; a copied one may have changed while it was copied.
      if (placement !== "linked") this.assertSourceUnchanged(file);
    } catch (error) {
      if (errnoOf(error) === "ENOENT" && !lstatBuffer(this.#source, status))
        throw sourceChanged(this.#source);
      if (!(error instanceof TooManyLinks)) throw error;
      copyFile(this.#source, temporary, attributes, this.#context);
      this.assertSourceUnchanged(file);
      placement = "copied";
    }
    if (!lstatBuffer(temporary, status) || !isWhole(status, this.#manifest, file, temporary)) {
      throw placement === "linked" ? sourceChanged(this.#source) : notPreserved(object);
    }
    replaceObject(temporary.toBytes(), object);
    return placement;
  }

  private nextTemporary(): PathBuffer {
    this.#temporaryCount += 1;
    return temporary
      .set(this.#input.temporary)
      .append(`/${this.#temporaryPrefix}-${this.#temporaryCount}` as ByteString);
  }

  private hasManifestTime(file: number): boolean {
    const { seconds, nanoseconds } = this.#input.sourceTimes;
    return (
      at(seconds, file) === at(this.#manifest.fileMtimeSeconds, file) &&
      at(nanoseconds, file) === at(this.#manifest.fileMtimeNanoseconds, file)
    );
  }

  private assertSourceUnchanged(file: number): void {
    const { seconds, nanoseconds } = this.#input.sourceTimes;
    attributesOfFile(this.#manifest, file, sourceAttributes);
    sourceAttributes.mtimeSeconds = at(seconds, file);
    sourceAttributes.mtimeNanoseconds = at(nanoseconds, file);
    if (!lstatBuffer(this.#source, status) || !hasAttributes(status, sourceAttributes))
      throw sourceChanged(this.#source);
  }
}

/** What the file systems do not support is remembered for each pair of directories, not for each job. */
let knownPlacer: { readonly key: string; readonly placer: FilePlacer } | undefined;

function placerFor(input: ObjectMakerInput): FilePlacer {
  const key = `${input.source}\0${input.objects}\0${input.linkMode}`;
  if (knownPlacer?.key !== key) knownPlacer = { key, placer: new FilePlacer(input.linkMode) };
  return knownPlacer.placer;
}

compileMethodsLightly(ObjectMaker);
