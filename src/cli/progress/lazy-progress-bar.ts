import type { ProgressBar } from "./progress-bar.ts";
import { EARLIEST_MS } from "./progress-reporter.ts";
import type { ProgressView } from "./progress-view.ts";

const INTERVAL_MS = 100;

/** A bar whose library is loaded when it is first shown: most work ends before that. */
export function createLazyProgressBar(
  write: (text: string) => void,
  columns: () => number | undefined,
): ProgressView {
  let bar: ProgressBar | undefined;
  return {
    firstMs: EARLIEST_MS,
    intervalMs: INTERVAL_MS,
    show: (measured) => {
      if (bar === undefined) {
        // Not `import()`, whose promise settles only when the work yields.
        const loaded = require("./progress-bar.ts") as { readonly ProgressBar: typeof ProgressBar };
        bar = new loaded.ProgressBar(write, columns);
      }
      bar.show(measured);
    },
    hide: () => bar?.stop(),
  };
}
