import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readManifestFile } from "../cache/manifest-files.ts";
import { errnoOf } from "../fs/errno.ts";
import { manifestDigestOf } from "../manifest/codec.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { ManifestReader } from "../manifest/manifest-reader.ts";
import { listObjectNames } from "../objects/list-objects.ts";
import { hasObject } from "../objects/object-attributes.ts";
import { EXCLUSIVE_ENDING, nameObject, twinOf } from "../objects/object-name.ts";
import { listUnflushedMarks, readMarkedManifest, type UnflushedMark } from "./unflushed-marks.ts";

/** Reading the manifests of more marks would take longer than examining every object. */
const MOST_MARKS_READ = 64;

/**
 * The objects of a cache that may have lost bytes in a power cut. On ordinary days, there are no marks, and no
 * suspects.
 */
export class Suspects {
  readonly marks: readonly UnflushedMark[];
  readonly #names: SuspectNames;

  private constructor(marks: readonly UnflushedMark[], names: SuspectNames) {
    this.marks = marks;
    this.#names = names;
  }

  /**
   * Undefined if there are none. If the marks cannot be read, everything is suspect. @throws BtdtError
   * CACHE_FORMAT_NEWER
   */
  static find(cache: CacheDirectory): Suspects | undefined {
    try {
      const marks = listUnflushedMarks(cache);
      return marks.length === 0 ? undefined : new Suspects(marks, collectNames(cache, marks));
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return new Suspects([], "all");
    }
  }

  /** Their names. @throws a `node:fs` error */
  listObjects(cache: CacheDirectory): string[] {
    if (this.#names === "all") return [...listObjectNames(cache.objects)];
    return [...this.#names].flatMap((name) => [name, twinOf(name)]);
  }

  /** @param name an object's */
  isSuspect(name: string): boolean {
    if (this.#names === "all" || this.#names.has(name)) return true;
    return name.endsWith(EXCLUSIVE_ENDING) && this.#names.has(twinOf(name));
  }

  /** 1 for each file of a manifest whose object is suspect, in memory shared between threads; undefined if none is. */
  flagFiles(manifest: Manifest): Uint8Array | undefined {
    const { fileCount } = manifest.counts;
    const flags = new Uint8Array(new SharedArrayBuffer(fileCount));
    let isAnySuspect = false;
    for (let file = 0; file < fileCount; file++) {
      if (!hasObject(manifest, file)) continue;
      if (!this.isSuspect(nameObject(manifest, file))) continue;
      flags[file] = 1;
      isAnySuspect = true;
    }
    return isAnySuspect ? flags : undefined;
  }
}

/** Of objects that are not exclusive, which stand for both. `all` if they cannot be told apart. */
type SuspectNames = ReadonlySet<string> | "all";

function collectNames(cache: CacheDirectory, marks: readonly UnflushedMark[]): SuspectNames {
  const names = new Set<string>();
  if (marks.length > MOST_MARKS_READ) return "all";
  const reader = new ManifestReader((digest) => readManifestFile(cache, digest));
  const seen = new Set<string>();
  for (const mark of marks) {
    if (seen.has(mark.digest)) continue;
    seen.add(mark.digest);
    const file = readMarkedManifest(cache, mark);
    // Its session has just flushed what it created.
    if (file === undefined) continue;
    if (manifestDigestOf(file) !== mark.digest) return "all";
    const read = reader.decode(file, mark.digest);
    if (read.kind !== "read") return "all";
    for (let index = 0; index < read.manifest.counts.fileCount; index++) {
      if (hasObject(read.manifest, index)) names.add(nameObject(read.manifest, index));
    }
  }
  return names;
}
