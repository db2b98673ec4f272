import type { Progress } from "../../src/base/progress.ts";

/** Nobody looks on. */
export const noProgress: Progress = {
  begin: () => undefined,
  expectFiles: () => undefined,
  add: () => undefined,
  end: () => undefined,
};
