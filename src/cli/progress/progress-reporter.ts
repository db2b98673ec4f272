import type { Phase, Progress, WorkDone } from "../../base/progress.ts";
import { ProgressMeter } from "./meter.ts";
import type { ProgressView } from "./progress-view.ts";

const TICK_MS = 100;

/**
 * Shows how far the work is: whenever some of it has been done and it is time, and by a timer while none is. Both are
 * needed: a thread that works from one end to the other lets no timer go off.
 */
export class ProgressReporter implements Progress {
  readonly #view: ProgressView;
  readonly #nowMs: () => number;
  #meter: ProgressMeter | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #dueMs = 0;
  #isSilent = false;

  /** @param nowMs of a clock that nobody sets */
  constructor(view: ProgressView, nowMs: () => number) {
    this.#view = view;
    this.#nowMs = nowMs;
  }

  /** From now on nothing is shown. */
  silence(): void {
    this.#isSilent = true;
    this.end();
  }

  begin(phase: Phase): void {
    if (this.#isSilent) return;
    const nowMs = this.#nowMs();
    this.#meter = new ProgressMeter(phase, nowMs);
    if (this.#timer !== undefined) return;
    this.#dueMs = nowMs + this.#view.firstMs;
    this.#timer = setInterval(() => this.#showIfDue(this.#nowMs()), TICK_MS);
    // The work keeps the process running, not the looking on.
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

  /** Makes room for other output; if the work goes on it is shown again. */
  hide(): void {
    this.#view.hide();
  }

  #showIfDue(nowMs: number): void {
    if (this.#meter === undefined || nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + this.#view.intervalMs;
    this.#view.show(this.#meter.measure(nowMs));
  }
}
