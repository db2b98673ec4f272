import type { Phase, WorkDone } from "../../base/progress.ts";

/** What a file costs in addition to its content, in bytes of content. */
const FILE_COST_BYTES = 16 * 1024;
/** The rate covers only the last seconds, so that it follows work that slows down. */
const WINDOW_MS = 10_000;
const SAMPLE_MS = 500;

/** How far a phase has come. */
export interface Measurement {
  readonly phase: Phase;
  readonly files: number;
  readonly totalFiles: number | undefined;
  readonly bytes: number;
  readonly totalBytes: number | undefined;
  /** 0 to 1; undefined while the total is unknown. */
  readonly fraction: number | undefined;
  /** In the phase's unit. */
  readonly ratePerSecond: number;
  /** Undefined while nothing moves or the total is unknown. */
  readonly leftMs: number | undefined;
}

interface Sample {
  readonly timeMs: number;
  readonly work: number;
  readonly units: number;
}

/** Adds up the work done in a phase, and works out its rate and the time left. */
export class ProgressMeter {
  readonly #phase: Phase;
  readonly #samples: Sample[];
  #totalFiles: number | undefined;
  #files = 0;
  #bytes = 0;
  #foundBytes = 0;
  #foundDoneBytes = 0;

  constructor(phase: Phase, nowMs: number) {
    this.#phase = phase;
    this.#totalFiles = phase.files;
    this.#samples = [{ timeMs: nowMs, work: 0, units: 0 }];
  }

  expectFiles(files: number): void {
    this.#totalFiles = files;
  }

  add({ files = 0, bytes = 0, foundBytes = 0 }: WorkDone, nowMs: number): void {
    this.#files += files;
    this.#bytes += bytes;
    this.#foundBytes += foundBytes;
    // Bytes without files are part of a large file.
    if (files === 0) this.#foundDoneBytes += bytes;
    const last = this.#samples.at(-1);
    if (last !== undefined && nowMs - last.timeMs < SAMPLE_MS) return;
    this.#samples.push(this.#sample(nowMs));
    while ((this.#samples[1]?.timeMs ?? nowMs) < nowMs - WINDOW_MS) this.#samples.shift();
  }

  measure(nowMs: number): Measurement {
    const now = this.#sample(nowMs);
    const since = this.#samples[0] ?? now;
    const seconds = Math.max(0.001, (nowMs - since.timeMs) / 1000);
    const total = this.#totalWork();
    const workPerSecond = (now.work - since.work) / seconds;
    return {
      phase: this.#phase,
      files: this.#files,
      totalFiles: this.#totalFiles,
      bytes: this.#bytes,
      totalBytes: this.#phase.bytes,
      fraction: total === undefined ? undefined : total === 0 ? 1 : Math.min(1, now.work / total),
      ratePerSecond: (now.units - since.units) / seconds,
      leftMs:
        total === undefined || workPerSecond <= 0
          ? undefined
          : (Math.max(0, total - now.work) / workPerSecond) * 1000,
    };
  }

  #sample(timeMs: number): Sample {
    const units = this.#phase.unit === "files" ? this.#files : this.#bytes;
    return { timeMs, work: this.#work(this.#files, this.#bytes), units };
  }

  #work(files: number, bytes: number): number {
    return this.#phase.unit === "files" ? files : files * FILE_COST_BYTES + bytes;
  }

  #totalWork(): number | undefined {
    if (this.#phase.unit === "files") return this.#totalFiles;
    if (this.#phase.bytes !== undefined) return this.#work(this.#totalFiles ?? 0, this.#phase.bytes);
    if (this.#totalFiles === undefined) return undefined;
    // The remaining files are assumed to be like those so far; large ones are reported as they are found.
    const smallBytes = this.#bytes - this.#foundDoneBytes;
    const comingFiles = Math.max(0, this.#totalFiles - this.#files);
    const comingBytes = this.#files === 0 ? 0 : (smallBytes / this.#files) * comingFiles;
    const largeBytes = Math.max(0, this.#foundBytes - this.#foundDoneBytes);
    return this.#work(Math.max(this.#files, this.#totalFiles), this.#bytes + comingBytes + largeBytes);
  }
}
