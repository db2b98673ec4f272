import { describeProgress, percentage } from "./describe-progress.ts";
import type { ProgressView } from "./progress-view.ts";

const INTERVAL_MS = 10_000;

/** For logs: a whole line now and then, so that nobody takes long work for work that hangs. */
export function progressLines(note: (sentence: string) => void): ProgressView {
  return {
    firstMs: INTERVAL_MS,
    intervalMs: INTERVAL_MS,
    show: (measured) => {
      const percent = percentage(measured);
      const parts = [...(percent === undefined ? [] : [percent]), describeProgress(measured)];
      note(`${measured.phase.name}: ${parts.join(", ")}`);
    },
    hide: () => undefined,
  };
}
