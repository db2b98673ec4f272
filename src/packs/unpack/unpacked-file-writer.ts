import { constants, openSync } from "node:fs";
import { type ByteString, fsPath } from "../../base/byte-string.ts";
import { compileMethodsLightly } from "../../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES } from "../../base/digest.ts";
import type { FileAttributes } from "../../fs/file-attributes.ts";
import { extendTo, writeAroundZeros } from "../../fs/holes.ts";
import { closeWritten } from "../../fs/native/close-written.ts";
import { PathBuffer } from "../../fs/native/path-buffer.ts";
import type { PinnedBuffer } from "../../fs/native/pinned-buffer.ts";
import { NewFileWriter } from "../../fs/native/write-new-file.ts";
import { attributesOfFile } from "../../manifest/attributes-of-file.ts";
import { at, type Manifest } from "../../manifest/manifest.ts";
import { adoptWrittenFile } from "../../objects/adopt-written-file.ts";
import { Sharing } from "../../sharing/classify-files.ts";

const SLASH = "/" as ByteString;

const target = new PathBuffer();
const attributes: FileAttributes = { mode: 0, sizeBytes: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };

/** Writes a manifest's files, or chunks of them, where the tree is built; small files become objects as well. */
export class UnpackedFileWriter {
  private readonly manifest: Manifest;
  private readonly staging: ByteString;
  private readonly adoptInto: ByteString | undefined;
  private readonly sharing: Uint8Array;
  private readonly writer: NewFileWriter;
  private currentDirectory = -1;
  private directoryLength = 0;
  private mayAdopt: boolean;

  constructor(
    manifest: Manifest,
    options: {
      readonly staging: ByteString;
      readonly umask: number;
      readonly adoptInto: ByteString | undefined;
      readonly sharing: Uint8Array;
    },
  ) {
    this.manifest = manifest;
    this.staging = options.staging;
    this.adoptInto = options.adoptInto;
    this.sharing = options.sharing;
    this.writer = new NewFileWriter(options.umask);
    this.mayAdopt = options.adoptInto !== undefined;
  }

  /** @param offset of the file's content in `source` @throws a `node:fs` error */
  writeFile(source: PinnedBuffer, offset: number, file: number): void {
    const { manifest } = this;
    this.setTarget(file);
    this.writer.write(target, source, offset, attributesOfFile(manifest, file, attributes));
    if (this.adoptInto === undefined || !this.mayAdopt || this.sharing[file] !== Sharing.SHARED) return;
    this.mayAdopt = adoptWrittenFile(this.adoptInto, manifest, file, target);
  }

  /** Writes to an existing large file, except for long runs of zeros. @throws a `node:fs` error */
  writeChunk(content: Uint8Array, file: number, chunk: number): void {
    this.setTarget(file);
    const descriptor = openSync(fsPath(target.toBytes()), constants.O_WRONLY | constants.O_NOFOLLOW);
    try {
      const start = chunk * CHUNK_SIZE_BYTES;
      const end = start + content.length;
      const isEndLeftOut = writeAroundZeros(descriptor, content, start);
      // Only for the last chunk: it would cut off what other threads have written after it.
      if (isEndLeftOut && end === at(this.manifest.fileSizes, file)) extendTo(descriptor, end);
    } finally {
      closeWritten(descriptor);
    }
  }

  private setTarget(file: number): void {
    if (this.manifest.counts.isSingleFile) {
      target.set(this.staging);
      return;
    }
    const directory = this.directoryOf(file);
    if (directory !== this.currentDirectory) {
      target.set(this.staging).append(SLASH);
      if (directory > 0) target.append(this.manifest.directoryPath(directory)).append(SLASH);
      this.currentDirectory = directory;
      this.directoryLength = target.length;
      this.writer.enterDirectory(directory);
    }
    this.manifest.appendFileName(target.truncate(this.directoryLength), file);
  }

  private directoryOf(file: number): number {
    const current = this.currentDirectory;
    const isSame =
      current >= 0 &&
      file >= this.manifest.firstFileOf(current) &&
      file < at(this.manifest.directoryFileEnds, current);
    return isSame ? current : this.manifest.directoryOfFile(file);
  }
}

compileMethodsLightly(UnpackedFileWriter);
