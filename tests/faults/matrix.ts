import { type Fault, failuresOf, NOTHING } from "./fault.ts";
import type { TracedCall } from "./traced-run.ts";

/** Which of all possible faults to play. */
export interface Selection {
  /** Only calls whose names contain this. */
  readonly call: string;
  /** Only failures that match this. */
  readonly failure: RegExp;
  /** The number of calls of one kind, from the first to the last, that get a fault. */
  readonly picks: number;
  /** Everything that a call can fail with, or one thing for each pick. */
  readonly everyFailure: boolean;
  /** Plays only every Nth fault. */
  readonly stride: number;
  /** A different seed selects others. */
  readonly seed: number;
}

/** Puts faults at calls of each kind in each area. */
export function selectFaults(calls: readonly TracedCall[], selection: Selection): Fault[] {
  const named = calls.filter(({ call }) => call.includes(selection.call));
  return [...Map.groupBy(named, ({ call, area }) => `${call} ${area}`).values()]
    .flatMap((group, index) => selectFromKind(group, { ...selection, seed: selection.seed + index }))
    .filter((_, index) => (index + selection.seed) % selection.stride === 0);
}

function selectFromKind(
  group: readonly TracedCall[],
  { failure, picks, everyFailure, seed }: Selection,
): Fault[] {
  const [first] = group;
  if (first === undefined) return [];
  const failures = failuresOf(first.call, first.area).filter((what) => failure.test(what));
  return pick(group, picks, seed).flatMap(({ call, ordinal, area }, index) =>
    (everyFailure ? failures : pick(failures, 1, seed + index)).map((what, number) => ({
      call,
      ordinal,
      // The next listing may be one that is honest.
      isRepeated: what !== NOTHING && (seed + index + number) % 2 === 0,
      area,
      what,
    })),
  );
}

/** The first, the last, and others at equal distances; a single one is chosen by the seed. */
function pick<Item>(items: readonly Item[], count: number, seed: number): Item[] {
  if (items.length <= count) return [...items];
  const step = (items.length - 1) / (count - 1);
  const indexes =
    count === 1 ? [seed % items.length] : [...Array(count).keys()].map((each) => Math.round(each * step));
  return indexes.flatMap((index) => items.slice(index, index + 1));
}
