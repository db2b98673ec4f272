import { describeProgress, formatPercent } from "./describe-progress.ts";
import type { ProgressView } from "./progress-view.ts";

const INTERVAL_MS = 10_000;

/** For logs: a line now and then, so that long work does not look stuck. */
export function createProgressLines(note: (sentence: string) => void): ProgressView {
  return {
    firstMs: INTERVAL_MS,
    intervalMs: INTERVAL_MS,
    show: (measured) => {
      const percent = formatPercent(measured);
      const parts = [...(percent === undefined ? [] : [percent]), describeProgress(measured)];
      note(`${measured.phase.name}: ${parts.join(", ")}`);
    },
    hide: () => undefined,
  };
}
