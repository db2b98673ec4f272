/** The work done by one step. */
export interface WorkDone {
  readonly files?: number;
  readonly bytes?: number;
  /** Bytes of large files that the step found and left to other steps. */
  readonly foundBytes?: number;
}

/** A stretch of uniform work, so that its rate is meaningful. */
export interface Phase {
  /** What is being done, as a participle: `restoring`. */
  readonly name: string;
  /** What is counted, in the plural, if not files. */
  readonly noun?: string;
  /** What determines the time, and therefore the unit of the rate. */
  readonly unit: "files" | "bytes";
  /** The total number of files; undefined while unknown. */
  readonly files?: number;
  readonly bytes?: number;
}

/**
 * Receives progress. Calls are cheap enough for every few files, but not for every file if files take microseconds.
 */
export interface Progress {
  /** Starts a phase, ending the previous one. */
  begin(phase: Phase): void;
  /** Sets the total number of files once it is known. */
  expectFiles(files: number): void;
  add(done: WorkDone): void;
  /** The work is done, or something else is about to write to the screen. */
  end(): void;
}
