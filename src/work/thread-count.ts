/** Each takes about 5 MB and 40 ms of processor time: with more, the processors are the limit. */
const MOST_THREADS = 32;
/** How many there are once jobs are found to wait. */
const FEWEST_WAITING_THREADS = 16;
const GROWTH = 4;
/** How many run heavy jobs once these are found to wait. */
const MOST_HEAVY_THREADS = 12;

/** What a process needs besides its threads, for a tree of some ten thousand files. */
const BASE_BYTES = 64 * 1024 ** 2;
/** What each may need, rather more than less: to be killed for lack of memory is worse than to have a thread less. */
const LIGHT_THREAD_BYTES = 8 * 1024 ** 2;
const HEAVY_THREAD_BYTES = 32 * 1024 ** 2;

/** Open files that a process needs besides those of its threads. */
const BASE_DESCRIPTORS = 32;
/** What each has open: two for its event loop, two for what it reads and writes. */
const THREAD_DESCRIPTORS = 4;

/** Numbers of threads, including the calling one. */
export interface ThreadLimits {
  /** To begin with. */
  readonly first: number;
  readonly most: number;
  /** With heavy jobs that wait. */
  readonly mostHeavy: number;
}

/** As many as there are processors, or as fit into the memory, or can have files open, whichever is fewest. */
export function limitThreads(
  processorCount: number,
  memoryBytes: number,
  descriptorCount: number,
): ThreadLimits {
  const open = Math.floor((descriptorCount - BASE_DESCRIPTORS) / THREAD_DESCRIPTORS);
  const countAffordable = (threadBytes: number): number =>
    Math.max(1, Math.min(open, Math.floor((memoryBytes - BASE_BYTES) / threadBytes)));
  const heavy = countAffordable(HEAVY_THREAD_BYTES);
  return {
    first: Math.min(processorCount, heavy),
    most: Math.min(MOST_THREADS, countAffordable(LIGHT_THREAD_BYTES)),
    mostHeavy: Math.min(MOST_HEAVY_THREADS, heavy),
  };
}

/** How many threads there should be, including the calling one. It grows where jobs wait for a slow volume. */
export class ThreadCount {
  readonly #findLimits: () => ThreadLimits;
  #found: ThreadLimits | undefined;
  #grown: number | undefined;
  #mayGrow = false;
  #doHeavyWait = false;
  #isVolumeSlow = false;
  #expectsLongJobs = false;

  /** @param findLimits called once there is something to do, because that takes a while */
  constructor(findLimits: () => ThreadLimits) {
    this.#findLimits = findLimits;
  }

  /** Exactly this many. */
  static fixed(count: number): ThreadCount {
    return new ThreadCount(() => ({ first: count, most: count, mostHeavy: MOST_HEAVY_THREADS }));
  }

  get #limits(): ThreadLimits {
    this.#found ??= this.#findLimits();
    return this.#found;
  }

  get wanted(): number {
    return this.#grown ?? this.#limits.first;
  }

  get hasGrown(): boolean {
    return this.wanted > this.#limits.first;
  }

  /** How many run jobs that do not wait. */
  get busy(): number {
    return Math.min(this.#limits.first, this.wanted);
  }

  /** How many run heavy jobs. */
  get heavy(): number {
    const { first, mostHeavy } = this.#limits;
    return this.hasHeavyGrown ? Math.min(mostHeavy, this.wanted) : first;
  }

  get hasHeavyGrown(): boolean {
    return this.#doHeavyWait && this.hasGrown && this.#limits.first < this.#limits.mostHeavy;
  }

  /**
   * How many there are besides the calling one, which does the work of another unless it must be free to hear signals.
   * `few`: no more than there are processors.
   */
  countWorkers(threads: "few" | "all"): number {
    const count = threads === "all" ? this.wanted : this.busy;
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
    this.#growTo(Math.max(FEWEST_WAITING_THREADS, this.wanted * GROWTH));
  }

  growToMost(): void {
    this.#isVolumeSlow = true;
    this.#growTo(MOST_THREADS);
  }

  #growTo(count: number): void {
    const { first, most } = this.#limits;
    this.#grown = Math.max(first, Math.min(most, count));
  }

  /**
   * A thread has ended, and is not replaced: what ended it might end the next one as well. The calling one always stays,
   * and does everything once it is alone.
   */
  lose(): void {
    if (this.wanted === 1) this.#expectsLongJobs = false;
    this.#grown = Math.max(1, this.wanted - 1);
  }
}
