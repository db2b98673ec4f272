import { TreeGarbage } from "../base/collect-garbage.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { mostFileBytes, PREFIX_SIZE_BYTES } from "../base/format/payload-file.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { isWorthRemembering, ManifestReader } from "../manifest/manifest-reader.ts";
import { PERMISSIONS } from "../objects/object-attributes.ts";
import { ID_WORDS, writeId } from "./file-id.ts";
import { findRuns } from "./find-runs.ts";
import { allocateFiles, type ManifestOutline, type OutlinedFiles, RUN_WORDS } from "./manifest-outline.ts";
import { emptyName } from "./named-content.ts";
import { readListedManifest } from "./read-listed-manifest.ts";

interface OutlinedManifest {
  readonly digest: string;
  readonly manifest: Manifest;
}

/**
 * Outlines one manifest after another, comparing each with the one before. Memory that is no longer needed is given
 * back at once: the engine would let hundreds of megabytes pile up before it collects garbage.
 */
export class Outliner {
  readonly #reader: ManifestReader;
  #mostBytes = 0;
  /** The manifest files that were read for one outline. */
  #files: Uint8Array[] = [];
  #last: OutlinedManifest | undefined;
  readonly #garbage = new TreeGarbage();

  constructor(cache: Pick<CacheDirectory, "manifests">) {
    const readFile = (digest: string): Uint8Array | undefined => {
      const file = readListedManifest(cache, digest);
      if (file === undefined) return undefined;
      this.#files.push(file);
      return isLarger(file, this.#mostBytes) ? undefined : file;
    };
    this.#reader = new ManifestReader(readFile, true);
  }

  /**
   * @param known the digests of the manifests that it may be compared with
   * @param mostBytes of the manifest, or its base, as its file states them
   * @returns undefined if it is larger, missing, damaged or unreadable
   * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE
   */
  outline(digest: string, known: readonly string[], mostBytes: number): ManifestOutline | undefined {
    this.#mostBytes = mostBytes;
    const read = this.#reader.read(digest);
    for (const file of this.#files) release(file);
    this.#files = [];
    if (read.kind !== "read") return undefined;
    const { manifest, base } = read;
    const previous = this.#last;
    const earlier = previous !== undefined && known.includes(previous.digest) ? previous : undefined;
    const outline = outlineOf(manifest, base, earlier);
    this.#last = isWorthRemembering(manifest) ? { digest, manifest } : undefined;
    if (previous !== undefined) release(previous.manifest.payload);
    if (this.#last === undefined) release(manifest.payload);
    this.#garbage.add(outline.others.files.length);
    return outline;
  }
}

function isLarger(file: Uint8Array, mostBytes: number): boolean {
  if (file.length < PREFIX_SIZE_BYTES) return false;
  return mostFileBytes(Buffer.from(file.buffer, file.byteOffset, PREFIX_SIZE_BYTES)) > mostBytes;
}

function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function outlineOf(
  manifest: Manifest,
  base: string | undefined,
  earlier: OutlinedManifest | undefined,
): ManifestOutline {
  const { fileCount } = manifest.counts;
  const runs = earlier === undefined ? new Uint32Array(0) : findRuns(manifest, earlier.manifest);
  let otherCount = fileCount;
  for (let run = 0; run < runs.length; run += RUN_WORDS) otherCount -= at(runs, run + 2);
  const others = allocateFiles(otherCount);
  let [file, other] = [0, 0];
  for (let run = 0; run <= runs.length; run += RUN_WORDS) {
    const end = runs[run] ?? fileCount;
    for (; file < end; file++, other++) writeFile(manifest, file, others, other);
    file = end + (runs[run + 2] ?? 0);
  }
  return { fileCount, base, earlier: earlier?.digest, runs, others };
}

const name = emptyName();
/** Aligned, unlike those in a manifest. */
const digest = Buffer.from(new ArrayBuffer(DIGEST_SIZE_BYTES));
name.digests = new Int32Array(digest.buffer);
const id = new Int32Array(ID_WORDS);

function writeFile(
  manifest: Manifest,
  file: number,
  { files, ids, fileSizes }: OutlinedFiles,
  index: number,
): void {
  manifest.fileDigests.copy(digest, 0, file * DIGEST_SIZE_BYTES, (file + 1) * DIGEST_SIZE_BYTES);
  name.permissions = (manifest.fileModes[file] ?? 0) & PERMISSIONS;
  name.mtimeSeconds = manifest.fileMtimeSeconds[file] ?? 0;
  name.mtimeNanoseconds = manifest.fileMtimeNanoseconds[file] ?? 0;
  writeId(name, "object", id);
  for (let word = 0; word < ID_WORDS; word++) ids[index * ID_WORDS + word] = id[word] ?? 0;
  fileSizes[index] = manifest.fileSizes[file] ?? 0;
  files[index] = file;
}

compileLightly(outlineOf, writeFile);
