import type { ByteString } from "../base/byte-string.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { isBtdtError } from "../base/errors.ts";
import { errnoOf } from "../fs/errno.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { viewManifest } from "../manifest/codec.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { copyContent } from "../objects/copy-content.ts";
import { examineObject } from "../objects/examine-object.ts";
import { lendReadAccess } from "../objects/lend-read-access.ts";
import { objectAttributes } from "../objects/object-attributes.ts";
import { replaceObject } from "../objects/object-claim.ts";
import { locateObject } from "../objects/object-path.ts";
import { ObjectSiblings } from "../objects/object-siblings.ts";
import { Sharing } from "../sharing/classify-files.ts";
import type { Job, JobContext } from "../work/job.ts";
import { createStopCheck } from "../work/stop-check.ts";
import { FileBuilder } from "./file-builder.ts";
import { type LinkedFiles, workOfLinked } from "./linked-files.ts";
import type { TreeInput, UnbuiltFile } from "./tree-input.ts";

export interface MendFilesInput extends TreeInput {
  readonly files: readonly UnbuiltFile[];
}

export interface MendedFiles extends LinkedFiles {
  /** Files that were built although their objects had been edited. */
  readonly editedFiles: readonly number[];
  /** How many of the files are done; another job mends the rest. */
  readonly doneCount: number;
}

/**
 * Builds files whose objects are not whole from any other source of their contents: the object itself, if only its
 * attributes have changed, or another one with the same digest. In a cache that can be written to, the object is made
 * again, so that the next restore finds it whole. What has no other source is damage.
 * @throws BtdtError, a `node:fs` error; both mean that the destination cannot be written
 */
export const mendFilesJob: Job<MendFilesInput, MendedFiles> = {
  name: "mend-files",
  run(input, context) {
    const mender = new FileMender(viewManifest(input.payload), input, context);
    const hasEnough = createStopCheck(context, "stopped before all files were restored");
    let doneCount = 0;
    try {
      for (const file of input.files) {
        if (hasEnough() && doneCount > 0) break;
        mender.mend(file);
        doneCount += 1;
      }
    } finally {
      mender.close();
    }
    return { ...mender.result(), doneCount };
  },
  workOf: (_input, linked) => workOfLinked(linked),
};

const source = new PathBuffer();
const object = new PathBuffer();
const temporary = new PathBuffer();

type SourceOutcome = "built" | "different" | "unreadable";

class FileMender {
  readonly #manifest: Manifest;
  readonly #input: MendFilesInput;
  readonly #context: JobContext;
  readonly #builder: FileBuilder;
  readonly #siblings: ObjectSiblings;
  readonly #editedFiles: number[] = [];
  readonly #temporaryPrefix = crypto.randomUUID();
  #temporaryCount = 0;
  #mendedCount = 0;

  constructor(manifest: Manifest, input: MendFilesInput, context: JobContext) {
    this.#manifest = manifest;
    this.#input = input;
    this.#context = context;
    this.#builder = new FileBuilder(manifest, input, context);
    this.#siblings = new ObjectSiblings(input.links.objects);
  }

  close(): void {
    this.#builder.close();
  }

  result(): Omit<MendedFiles, "doneCount"> {
    const { result } = this.#builder;
    // Objects that were made whole a moment ago, and are not any more.
    for (const { file, state } of result.unbuilt) {
      this.#builder.noteDamage(file, state === "altered" ? "edited" : state);
    }
    return {
      ...result,
      unbuilt: [],
      mendedCount: result.mendedCount + this.#mendedCount,
      editedFiles: this.#editedFiles,
    };
  }

  mend({ directory, file, state }: UnbuiltFile): void {
    const { sharing } = this.#input.links;
    this.#findObject(file);
    let problem = state;
    if (problem === "altered") {
      const outcome = this.#useObject(directory, file);
      if (outcome === "built") return;
      // It may also have disappeared or been mended by another process.
      const now = examineObject(object, this.#manifest, file);
      if (now === "whole") return this.#builder.buildFile(directory, file);
      if (now !== "altered") problem = now;
      else problem = outcome === "different" ? "edited" : "unreadable";
    }
    // From now on, the path is copied.
    if (problem === "edited") sharing[file] = Sharing.OWN;
    for (const sibling of this.#siblings.find(this.#manifest.digestHex(file))) {
      if (sibling === object.toBytes() || this.#useSource(directory, file, source.set(sibling)) !== "built")
        continue;
      if (problem === "edited") this.#editedFiles.push(file);
      return;
    }
    this.#builder.noteDamage(file, problem);
  }

  /** Sets `object` to the one that was examined: that of the other kind only if a file's own is missing. */
  #findObject(file: number): void {
    const { objects, sharing } = this.#input.links;
    const isExclusive = sharing[file] === Sharing.EXCLUSIVE;
    const exists = (kind: boolean): boolean => {
      object.set(locateObject(objects, this.#manifest, file, kind));
      return examineObject(object, this.#manifest, file) !== "missing";
    };
    const found = [isExclusive, !isExclusive].find(exists) ?? isExclusive;
    object.set(locateObject(objects, this.#manifest, file, found));
  }

  #useObject(directory: number, file: number): SourceOutcome {
    const use = (): SourceOutcome => this.#useSource(directory, file, object);
    const outcome = use();
    if (outcome !== "unreadable" || this.#input.links.temporary === undefined) return outcome;
    return lendReadAccess(object, objectAttributes(this.#manifest, file).mode, use);
  }

  /** Makes the object again from a file that may have its content, and builds the file. */
  #useSource(directory: number, file: number, from: PathBuffer): SourceOutcome {
    const outcome = this.#makeObject(file, from);
    if (outcome === "different" || outcome === "unreadable") return outcome;
    // The file system may not hold the right attributes, in a way that cannot be found out.
    const isMade = outcome === "made" && examineObject(object, this.#manifest, file) === "whole";
    if (isMade) this.#builder.buildFile(directory, file);
    else if (!this.#builder.copyFile(directory, file, from)) return "different";
    this.#mendedCount += 1;
    return "built";
  }

  /** `impossible` if the cache cannot be written to. */
  #makeObject(file: number, from: PathBuffer): "made" | "different" | "unreadable" | "impossible" {
    const { links } = this.#input;
    if (links.temporary === undefined) return "impossible";
    this.#temporaryCount += 1;
    temporary.set(links.temporary).append(`/${this.#temporaryPrefix}-${this.#temporaryCount}` as ByteString);
    const wanted = {
      attributes: objectAttributes(this.#manifest, file),
      digests: this.#manifest.fileDigests,
      offset: file * DIGEST_SIZE_BYTES,
    };
    try {
      const outcome = copyContent(from, temporary, wanted, this.#context);
      if (outcome !== "copied") return outcome;
      replaceObject(temporary.toBytes(), object);
      return "made";
    } catch (error) {
      if (errnoOf(error) === undefined && !isBtdtError(error, "SYSTEM")) throw error;
      return "impossible";
    }
  }
}
