/** What was done by one step of some work. */
export interface WorkDone {
  readonly files?: number;
  readonly bytes?: number;
  /** Bytes of large files that the step came across and left for other steps. */
  readonly foundBytes?: number;
}

/** A stretch of work that is done in one way, so that its rate means something. */
export interface Phase {
  /** What is being done, a participle: `restoring`. */
  readonly name: string;
  /** What it is counted in, in the plural, when that is not files. */
  readonly noun?: string;
  /** What takes the time, and therefore what the rate is of. */
  readonly unit: "files" | "bytes";
  /** How many files there are to do; left out while nobody knows. */
  readonly files?: number;
  readonly bytes?: number;
}

/** Told how far the work is. Calls are cheap enough for every few files, not for every one where files take microseconds. */
export interface Progress {
  /** A phase begins, in the place of the one before. */
  begin(phase: Phase): void;
  /** The phase under way has so many files, as has turned out by now. */
  expectFiles(files: number): void;
  add(done: WorkDone): void;
  /** The work is over, or gives way to something else that writes to the screen. */
  end(): void;
}
