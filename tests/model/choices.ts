import * as fc from "fast-check";
import { interleave } from "./interleave.ts";
import type { Step } from "./process.ts";

/** What decides one interleaving. */
export const choices = fc.array(fc.nat(9999), { minLength: 60, maxLength: 200, size: "max" });

export function problemsOf(made: readonly number[], omitted?: Step): string[] {
  let next = 0;
  return interleave((limit) => (made[next++] ?? 0) % limit, omitted);
}
