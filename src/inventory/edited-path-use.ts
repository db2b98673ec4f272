import type { ByteString } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { type EditedPath, listEditedPaths } from "../cache/edited-paths.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { markEditedPaths } from "../manifest/mark-edited-paths.ts";

/** Long enough for a job that runs once per quarter and whose entry is evicted in between. */
const LONGEST_UNUSED_MS = 90 * 24 * 60 * 60 * 1000;
/** Cleans may run every few minutes; a day more or less does not matter here. */
const CONFIRM_EVERY_MS = 24 * 60 * 60 * 1000;

export interface EditedPathPlan {
  /** No entry has had a file at this path for a long time. */
  readonly stale: readonly EditedPath[];
  /** An entry has one now, and the note must be updated. */
  readonly confirmed: readonly EditedPath[];
}

/**
 * Finds out which edited paths still matter. The time of such a note is when an entry with that path was last seen.
 * As long as there is one, the note stays, whatever its age, because without it the job that edits the file would
 * miss once more.
 */
export class EditedPathUse {
  readonly #all: readonly EditedPath[];
  readonly #unseen: Set<ByteString>;

  /** @throws a `node:fs` error */
  constructor(cache: CacheDirectory) {
    this.#all = listEditedPaths(cache);
    this.#unseen = new Set(this.#all.map(({ path }) => path));
  }

  /** An entry or a running store has these files. */
  see(manifest: Manifest): void {
    if (this.#unseen.size === 0) return;
    for (const [file, mark] of markEditedPaths(manifest, this.#unseen).entries()) {
      if (mark !== 0) this.#unseen.delete(manifest.filePath(file));
    }
  }

  plan(nowMs: number): EditedPathPlan {
    const unseen = this.#unseen;
    return {
      stale: this.#all.filter(({ path, seenMs }) => unseen.has(path) && nowMs - seenMs > LONGEST_UNUSED_MS),
      confirmed: this.#all.filter(
        ({ path, seenMs }) => !unseen.has(path) && nowMs - seenMs > CONFIRM_EVERY_MS,
      ),
    };
  }
}
