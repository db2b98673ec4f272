/** Each takes about 5 MB and 40 ms of processor time: with more, the processors are the limit. */
const MOST_THREADS = 32;
/** How many there are once jobs are found to wait. */
const FEWEST_WAITING_THREADS = 16;
const GROWTH = 4;
/** How many run heavy jobs once these are found to wait: each needs up to 20 MB. */
const MOST_HEAVY_THREADS = 12;

/** How many threads there should be, including the calling one. It grows where jobs wait for a slow volume. */
export class ThreadCount {
  readonly #first: number;
  readonly #most: number;
  #wanted: number;
  #mayGrow = false;
  #doHeavyWait = false;
  #isVolumeSlow = false;
  #expectsLongJobs = false;

  constructor(first: number, most = MOST_THREADS) {
    this.#first = first;
    this.#wanted = first;
    this.#most = Math.max(first, most);
  }

  get wanted(): number {
    return this.#wanted;
  }

  get hasGrown(): boolean {
    return this.#wanted > this.#first;
  }

  /** How many run jobs that do not wait. */
  get busy(): number {
    return Math.min(this.#first, this.#wanted);
  }

  /** How many run heavy jobs. */
  get heavy(): number {
    return this.hasHeavyGrown ? Math.min(MOST_HEAVY_THREADS, this.#wanted) : this.#first;
  }

  get hasHeavyGrown(): boolean {
    return this.#doHeavyWait && this.hasGrown && this.#first < MOST_HEAVY_THREADS;
  }

  /**
   * How many there are besides the calling one, which does the work of another unless it must be free to hear signals.
   * `few`: no more than there are processors.
   */
  countWorkers(threads: "few" | "all"): number {
    const count = threads === "all" ? this.#wanted : this.busy;
    return this.#expectsLongJobs ? count : count - 1;
  }

  get expectsLongJobs(): boolean {
    return this.#expectsLongJobs;
  }

  expectLongJobs(): void {
    this.#expectsLongJobs = true;
  }

  /** Whether jobs are known to wait for a slow volume. */
  get isVolumeSlow(): boolean {
    return this.#isVolumeSlow;
  }

  /** On a local disk, jobs that wait are no reason to grow. */
  allowGrowth(): void {
    this.#mayGrow = true;
  }

  /** See `Runner.expectWaits`. */
  expectWaits(how: "perhaps" | "surely", ofHeavyJobs: boolean): void {
    this.#doHeavyWait ||= ofHeavyJobs;
    if (how === "surely") this.growToMost();
    else this.allowGrowth();
  }

  /** Jobs have waited: as long as there are others, more of them should wait at the same time. */
  grow(): void {
    if (!this.#mayGrow) return;
    this.#isVolumeSlow = true;
    this.#wanted = Math.min(this.#most, Math.max(FEWEST_WAITING_THREADS, this.#wanted * GROWTH));
  }

  growToMost(): void {
    this.#isVolumeSlow = true;
    this.#wanted = this.#most;
  }

  /** A thread has ended, and is not replaced: what ended it might end the next one as well. */
  lose(): void {
    this.#wanted -= 1;
  }
}
