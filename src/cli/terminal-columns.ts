import { isTerminal } from "./is-terminal.ts";

const STDOUT = 1;

/**
 * How wide the terminal is that results go to; undefined if they do not go to one, or if it does not say.
 * @param wanted the variable `COLUMNS`, which wins, as it does with `ls`
 * @param ask asks the terminal: called only if there is one, because that takes a while
 */
export function measureColumns(wanted: string | undefined, ask: () => number): number | undefined {
  if (!isTerminal(STDOUT)) return undefined;
  const columns = wanted !== undefined && /^[1-9]\d{0,4}$/.test(wanted) ? Number(wanted) : ask();
  return columns > 0 ? columns : undefined;
}
