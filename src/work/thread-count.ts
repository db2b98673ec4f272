/** Each takes about 5 MB and 40 ms of processor time: with more, the processors are the limit. */
const MOST_THREADS = 32;
/** How many there are once jobs are found to wait. */
const FEWEST_WAITING_THREADS = 16;
const GROWTH = 4;

/** How many threads there should be, including the calling one. It grows where jobs wait for a slow volume. */
export class ThreadCount {
  /** How many run heavy jobs. */
  readonly heavy: number;
  readonly #most: number;
  #wanted: number;
  #mayGrow = false;
  #isVolumeSlow = false;
  #expectsLongJobs = false;

  constructor(first: number, most = MOST_THREADS) {
    this.heavy = first;
    this.#wanted = first;
    this.#most = Math.max(first, most);
  }

  get wanted(): number {
    return this.#wanted;
  }

  get hasGrown(): boolean {
    return this.#wanted > this.heavy;
  }

  /**
   * How many there are besides the calling one, which does the work of another unless it must be free to hear signals.
   * `few`: no more than there are processors.
   */
  countWorkers(threads: "few" | "all"): number {
    const count = threads === "all" ? this.#wanted : Math.min(this.#wanted, this.heavy);
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
