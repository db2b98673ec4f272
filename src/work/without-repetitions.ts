import type { Runtime } from "./runtime.ts";

/** What is done again would give the same warnings again. */
export function withoutRepetitions(runtime: Runtime): Runtime {
  const given = new Set<string>();
  const onWarning = (warning: string): void => {
    if (given.has(warning)) return;
    given.add(warning);
    runtime.onWarning(warning);
  };
  return { ...runtime, onWarning };
}
