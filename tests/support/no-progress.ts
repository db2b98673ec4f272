import type { Progress } from "../../src/base/progress.ts";

/** Ignores progress. */
export const noProgress: Progress = {
  begin: () => undefined,
  expectFiles: () => undefined,
  add: () => undefined,
  end: () => undefined,
};
