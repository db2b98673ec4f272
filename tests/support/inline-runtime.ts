import { InlineRunner } from "../../src/work/inline-runner.ts";
import type { Runtime } from "../../src/work/runtime.ts";
import { noProgress } from "./no-progress.ts";

/**
 * For operations without the command line: all work is done in this thread, and progress and warnings are ignored.
 */
export function inlineRuntime(isCancelled = (): boolean => false): Runtime {
  const inline = new InlineRunner({ isCancelled });
  return {
    runners: { inline, pool: inline },
    isCancelled,
    nowMs: () => 0,
    umask: 0o022,
    progress: noProgress,
    onWarning: () => undefined,
  };
}
