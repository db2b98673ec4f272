import type { Runtime } from "./runtime.ts";

/** Gives each warning once: work that is done again would repeat its warnings. */
export function withoutRepetitions(runtime: Runtime): Runtime {
  const given = new Set<string>();
  const onWarning = (warning: string): void => {
    if (given.has(warning)) return;
    given.add(warning);
    runtime.onWarning(warning);
  };
  return { ...runtime, onWarning };
}
