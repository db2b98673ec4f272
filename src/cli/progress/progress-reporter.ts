import type { Phase, Progress, WorkDone } from "../../base/progress.ts";
import { ProgressMeter } from "./meter.ts";
import type { ProgressView } from "./progress-view.ts";

const TICK_MS = 100;
/** Nothing is shown earlier: until then, nobody has to find out whether there is a terminal. */
export const EARLIEST_MS = 300;

/**
 * Shows progress at intervals, both when work is reported and by a timer. Both are needed: timers do not fire while
 * this thread works, and no work is reported while it stalls.
 */
export class ProgressReporter implements Progress {
  readonly #loadView: () => ProgressView;
  readonly #nowMs: () => number;
  #meter: ProgressMeter | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #view: ProgressView | undefined;
  #beganMs = 0;
  #dueMs = 0;
  #isSilent = false;

  /** @param nowMs reads a monotonic clock */
  constructor(loadView: () => ProgressView, nowMs: () => number) {
    this.#loadView = loadView;
    this.#nowMs = nowMs;
  }

  /** From now on, nothing is shown. */
  silence(): void {
    this.#isSilent = true;
    this.end();
  }

  begin(phase: Phase): void {
    if (this.#isSilent) return;
    const nowMs = this.#nowMs();
    this.#meter = new ProgressMeter(phase, nowMs);
    if (this.#timer !== undefined) return;
    this.#beganMs = nowMs;
    this.#dueMs = nowMs + EARLIEST_MS;
    this.#timer = setInterval(() => this.#showIfDue(this.#nowMs()), TICK_MS);
    // Progress alone must not keep the process running.
    this.#timer.unref();
  }

  expectFiles(files: number): void {
    this.#meter?.expectFiles(files);
  }

  add(done: WorkDone): void {
    if (this.#meter === undefined) return;
    const nowMs = this.#nowMs();
    this.#meter.add(done, nowMs);
    this.#showIfDue(nowMs);
  }

  end(): void {
    this.hide();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#meter = undefined;
  }

  /** Makes room for other output; shown again when it is next due. */
  hide(): void {
    this.#view?.hide();
  }

  #showIfDue(nowMs: number): void {
    if (this.#meter === undefined || nowMs < this.#dueMs) return;
    this.#view ??= this.#loadView();
    const { firstMs, intervalMs } = this.#view;
    const isEarly = nowMs < this.#beganMs + firstMs;
    this.#dueMs = isEarly ? this.#beganMs + firstMs : nowMs + intervalMs;
    if (!isEarly) this.#view.show(this.#meter.measure(nowMs));
  }
}
