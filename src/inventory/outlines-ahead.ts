import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Runner } from "../work/job.ts";
import type { ManifestOutline } from "./manifest-outline.ts";
import { outlineManifestJob } from "./outline-manifest-job.ts";

/** Outlining fewer takes less time than starting a thread. */
const FEWEST_FILES_FOR_THREADS = 500_000;
/** So that no thread waits until the outline of another has been taken. */
const MANIFESTS_PER_THREAD = 3;
/** Larger ones are read one at a time, so that they take little memory. */
const MOST_FILES = 256 * 1024;
const MOST_FILES_AHEAD = 512 * 1024;

/** A manifest that will be asked for, and how many files it has, about. */
export interface ExpectedManifest {
  readonly digest: string;
  readonly fileCount: number;
}

/** Outlines manifests in all threads before they are asked for, if there are enough of them. */
export class OutlinesAhead {
  readonly #manifests: CacheDirectory["manifests"];
  readonly #runner: Runner;
  #expected: readonly ExpectedManifest[] = [];
  #startedCount = 0;
  #filesAhead = 0;
  readonly #started = new Map<string, Promise<ManifestOutline | undefined>>();

  constructor({ manifests }: Pick<CacheDirectory, "manifests">, runner: Runner) {
    this.#manifests = manifests;
    this.#runner = runner.withoutWaits;
  }

  /** How far back the manifest may be that another one was compared with. */
  get reach(): number {
    return 2 * this.#mostStarted + 2;
  }

  get #mostStarted(): number {
    return MANIFESTS_PER_THREAD * this.#runner.parallelism;
  }

  /** @param manifests in the order in which they will be asked for, each once */
  expect(manifests: readonly ExpectedManifest[]): void {
    const small = manifests.filter(({ fileCount }) => fileCount <= MOST_FILES);
    const fileCount = small.reduce((sum, each) => sum + each.fileCount, 0);
    const isWorthThreads = this.#runner.parallelism > 1 && fileCount >= FEWEST_FILES_FOR_THREADS;
    this.#expected = isWorthThreads ? small : [];
    this.#startedCount = 0;
  }

  /** The outline of an expected manifest; undefined if there is none. @throws BtdtError CANCELLED, CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE */
  async take(digest: string): Promise<ManifestOutline | undefined> {
    this.#startMore();
    const outline = this.#started.get(digest);
    this.#started.delete(digest);
    return await outline;
  }

  #startMore(): void {
    while (this.#started.size < this.#mostStarted && this.#filesAhead < MOST_FILES_AHEAD) {
      const next = this.#expected[this.#startedCount];
      if (next === undefined) return;
      const first = Math.max(0, this.#startedCount - this.reach);
      const known = this.#expected.slice(first, this.#startedCount).map(({ digest }) => digest);
      this.#startedCount += 1;
      const { digest, fileCount } = next;
      this.#filesAhead += fileCount;
      const outline = this.#runner
        .run(outlineManifestJob, { manifests: this.#manifests, digest, known })
        .finally(() => {
          this.#filesAhead -= fileCount;
        });
      // Awaited when that manifest is asked for; until then, a failure must not count as unhandled.
      outline.catch(() => undefined);
      this.#started.set(digest, outline);
    }
  }
}
