import type { ByteString } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { type EditedFamily, listEditedFamilies } from "../cache/edited-paths.ts";
import { listOldEditedPaths, type OldEditedPath } from "../cache/old-edited-paths.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { markEditedPaths } from "../manifest/mark-edited-paths.ts";

/** Long enough for a job that runs once per quarter and whose entry is evicted in between. */
const LONGEST_UNUSED_MS = 90 * 24 * 60 * 60 * 1000;
/** Cleans may run every few minutes; a day more or less does not matter here. */
const CONFIRM_EVERY_MS = 24 * 60 * 60 * 1000;

interface FamilyPlan {
  readonly recordedPath: string;
  /** No entry has had a file at these paths for a long time; when one was last seen, in milliseconds. */
  readonly stale: ReadonlyMap<ByteString, number>;
  /** An entry has one now, and their times must be updated. */
  readonly confirmed: readonly ByteString[];
}

export interface EditedPathPlan {
  readonly families: readonly FamilyPlan[];
  /** Families of which nothing stays, and files of earlier versions. */
  readonly removed: readonly { readonly allocatedBytes: number }[];
  readonly old: readonly OldEditedPath[];
}

export const NO_EDITED_PATHS: EditedPathPlan = { families: [], removed: [], old: [] };

/**
 * Finds out which edited paths still matter. The time of a path is when an entry with it was last seen. As long as
 * there is one, the path stays, whatever its age, because without it the job that edits the file would miss once more.
 */
export class EditedPathUse {
  readonly #families: readonly (Pick<EditedFamily, "paths" | "allocatedBytes"> & {
    readonly unseen: Set<ByteString>;
  })[];
  readonly #old: readonly OldEditedPath[];

  /** @throws a `node:fs` error */
  constructor(cache: CacheDirectory) {
    this.#families = listEditedFamilies(cache).map(({ paths, allocatedBytes }) => {
      return { paths, allocatedBytes, unseen: new Set(paths.seenMs.keys()) };
    });
    this.#old = listOldEditedPaths(cache);
  }

  /** Whether `see` would look at the files of an entry. @param recordedPaths as for `see` */
  mayConcern(recordedPaths: ReadonlySet<string> | undefined): boolean {
    return this.#families.some(({ paths, unseen }) => {
      return unseen.size > 0 && recordedPaths?.has(paths.recordedPath) !== false;
    });
  }

  /**
   * An entry or a running store has these files.
   * @param recordedPaths where they are stored from; undefined if that is unknown
   */
  see(manifest: Manifest, recordedPaths: ReadonlySet<string> | undefined): void {
    for (const { paths, unseen } of this.#families) {
      if (unseen.size === 0 || recordedPaths?.has(paths.recordedPath) === false) continue;
      for (const [file, mark] of markEditedPaths(manifest, unseen).entries()) {
        if (mark !== 0) unseen.delete(manifest.filePath(file));
      }
    }
  }

  plan(nowMs: number): EditedPathPlan {
    const removed: { allocatedBytes: number }[] = [...this.#old];
    const families = this.#families.flatMap(({ paths, unseen, allocatedBytes }) => {
      const { recordedPath, seenMs } = paths;
      const all = [...seenMs];
      const stale = new Map(
        all.filter(([path, seen]) => unseen.has(path) && nowMs - seen > LONGEST_UNUSED_MS),
      );
      const confirmed = all.flatMap(([path, seen]) =>
        !unseen.has(path) && nowMs - seen > CONFIRM_EVERY_MS ? [path] : [],
      );
      if (stale.size === seenMs.size) removed.push({ allocatedBytes });
      return stale.size + confirmed.length > 0 ? [{ recordedPath, stale, confirmed }] : [];
    });
    return { families, removed, old: this.#old };
  }
}
