import { fsPath } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { makeEmptyFile } from "../fs/make-empty-file.ts";
import { tryLink } from "../fs/native/link-file.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { unlink } from "../fs/native/path-calls.ts";
import { setMtimeBuffer } from "../fs/native/set-times.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import type { RangeVisitor } from "../manifest/visit-range.ts";
import { copyContent } from "../objects/copy-content.ts";
import { examineObject, type ObjectState } from "../objects/examine-object.ts";
import { examineSuspect } from "../objects/examine-suspect.ts";
import { mendInPlace } from "../objects/mend-in-place.ts";
import { hasObject } from "../objects/object-attributes.ts";
import { adoptKnownShards, ObjectPathWriter } from "../objects/object-path.ts";
import { Sharing } from "../sharing/classify-files.ts";
import type { JobContext } from "../work/job.ts";
import { isPlacedAlone } from "./large-files.ts";
import { mayOthersWrite } from "./may-others-write.ts";
import { ObjectPlacer, type ObjectProblem } from "./place-object.ts";
import type { TreeInput, UnbuiltFile } from "./tree-input.ts";
import { TreePath } from "./tree-path.ts";
import { verifyFile } from "./verify-file.ts";

/**
 * Builds files and symlinks of a tree, the files from objects. An object whose attributes have changed is mended; others
 * that are not whole are left to the caller. After the first damage, nothing more is built, but every object is still
 * examined, so that all is found at once.
 */
export class FileBuilder implements RangeVisitor {
  readonly result = {
    fileCounts: { reflinked: 0, linked: 0, copied: 0 },
    contentBytes: 0,
    mendedCount: 0,
    unbuilt: [] as UnbuiltFile[],
    damaged: [] as { file: number; problem: ObjectProblem }[],
  };
  private readonly manifest: Manifest;
  private readonly input: TreeInput;
  private readonly context: JobContext;
  private readonly path: TreePath;
  private readonly object: ObjectPathWriter;
  private readonly placer: ObjectPlacer;

  /** Keeps directories open: to be closed. */
  constructor(manifest: Manifest, input: TreeInput, context: JobContext) {
    this.manifest = manifest;
    this.input = input;
    this.context = context;
    this.path = new TreePath(manifest, input.site.path, input.areDirectoriesMade);
    adoptKnownShards(input.knownShards);
    this.object = new ObjectPathWriter(input.links.objects, manifest);
    this.placer = new ObjectPlacer(manifest, input.links, input.site.path, context);
  }

  close(): void {
    this.path.close();
    this.object.close();
  }

  enterDirectory(directory: number, fileCount: number): boolean {
    if (this.input.site.unchanged?.directories[directory] === 1 || this.isDamaged()) return true;
    this.path.holdDirectory(directory, fileCount);
    return true;
  }

  visitFile(directory: number, file: number): void {
    const { manifest, input } = this;
    if (input.site.unchanged?.files[file] === 1 || manifest.isLink(file)) return;
    if (!isPlacedAlone(manifest, input.links.sharing, file)) this.buildFile(directory, file);
  }

  visitSymlink(directory: number, symlink: number): void {
    const isWanted = this.input.site.unchanged?.symlinks[symlink] !== 1;
    if (isWanted && !this.isDamaged()) this.buildSymlink(directory, symlink);
  }

  private isDamaged(): boolean {
    return Atomics.load(this.input.damageFlag, 0) !== 0;
  }

  noteDamage(file: number, problem: ObjectProblem): void {
    Atomics.store(this.input.damageFlag, 0, 1);
    this.result.damaged.push({ file, problem });
  }

  buildFile(directory: number, file: number): void {
    const { manifest, input, path } = this;
    if (!hasObject(manifest, file)) {
      if (this.isDamaged()) return;
      path.setFile(directory, file);
      makeEmptyFile(path.buffer, attributesOfFile(manifest, file));
      this.result.fileCounts.copied += 1;
      return;
    }
    if (input.packed !== undefined && input.packed[file] !== 0) {
      if (!this.isDamaged()) path.ensureDirectory(directory);
      return;
    }
    let sharing = at(input.links.sharing, file);
    const object = this.object.set(file, sharing === Sharing.EXCLUSIVE);
    let state = this.examine(object, file);
    if (state === "missing") {
      // What was stored for trees of the other kind can be copied. The path is in the same buffer.
      this.object.set(file, sharing !== Sharing.EXCLUSIVE);
      state = this.examine(object, file);
      if (input.links.mode !== "hard") sharing = Sharing.OWN;
    }
    if (state !== "whole") {
      this.result.unbuilt.push({ directory, file, state });
      return;
    }
    if (this.isDamaged()) {
      if (input.links.isVerified) this.verify(object, file);
      return;
    }
    path.setFile(directory, file);
    const isLinked =
      this.placer.prefersLink(sharing) &&
      !this.placer.givesRights(file, object) &&
      tryLink(object, path.buffer);
    let placed = isLinked ? "linked" : this.placer.place(file, sharing, object, path.buffer);
    // Only now: until it was linked, the object could have been replaced.
    if (placed === "linked" && input.links.linksOnlyOwn && mayOthersWrite(path.buffer)) {
      unlink(path.buffer.toBytes());
      placed = this.placer.place(file, Sharing.OWN, object, path.buffer);
    }
    switch (placed) {
      case "missing":
      case "edited":
      case "lost":
      case "damaged":
      case "unreadable":
        return this.noteDamage(file, placed);
      case "linked":
      case "reflinked":
      case "copied":
        if (input.links.isVerified && !this.verify(path.buffer, file)) return;
        this.result.fileCounts[placed] += 1;
        this.result.contentBytes += at(manifest.fileSizes, file);
    }
  }

  /** Examines an object, puts its attributes back if only these have changed, and hashes it if it is a suspect. */
  private examine(object: PathBuffer, file: number): ObjectState {
    const { manifest, context } = this;
    const { temporary, suspects, isVerified } = this.input.links;
    let state = examineObject(object, manifest, file);
    // In a read-only cache, nothing is changed.
    if (state === "altered" && temporary !== undefined) {
      state = mendInPlace(object, manifest, file, context);
      if (state === "whole") this.result.mendedCount += 1;
    }
    // What is verified is hashed where it was restored.
    const isDoubtful = state === "whole" && suspects?.[file] === 1 && !isVerified;
    return isDoubtful ? examineSuspect(object, manifest, file, context) : state;
  }

  /** From something other than its object, which cannot be made again. */
  copyFile(directory: number, file: number, source: PathBuffer): boolean {
    const { manifest, path } = this;
    path.setFile(directory, file);
    const wanted = {
      attributes: attributesOfFile(manifest, file),
      digests: manifest.fileDigests,
      offset: file * DIGEST_SIZE_BYTES,
    };
    if (copyContent(source, path.buffer, wanted, this.context) !== "copied") return false;
    this.result.fileCounts.copied += 1;
    this.result.contentBytes += wanted.attributes.sizeBytes;
    return true;
  }

  private verify(path: PathBuffer, file: number): boolean {
    const problem = verifyFile(path, this.manifest, file, this.context);
    if (problem !== undefined) this.noteDamage(file, problem);
    return problem === undefined;
  }

  private buildSymlink(directory: number, symlink: number): void {
    const { manifest, path } = this;
    path.setSymlink(directory, symlink);
    nodeFs().symlinkSync(fsPath(manifest.symlinkTarget(symlink)), fsPath(path.buffer.toBytes()));
    setMtimeBuffer(
      path.buffer,
      at(manifest.symlinkMtimeSeconds, symlink),
      at(manifest.symlinkMtimeNanoseconds, symlink),
    );
  }
}

compileMethodsLightly(FileBuilder);
