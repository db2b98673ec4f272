import type { Finished } from "../support/executable.ts";
import type { Base } from "./base.ts";
import type { Place } from "./place.ts";

/** One command, and what must be true whatever fails while it runs. */
export interface Scenario {
  readonly name: string;
  /** Adds what the command needs to a place with the base. */
  prepare?(place: Place): void;
  /** Trees that this adds, and keys with the trees stored under them. */
  readonly trees?: readonly string[];
  readonly keys?: ReadonlyMap<string, string>;
  /** There is enough work for threads; otherwise there is only one, whose calls come in the same order each time. */
  readonly usesThreads?: true;
  words(place: Place): readonly string[];
  /** Its standard output goes to this file. */
  outputFile?(place: Place): string;
  /** The exit status of an undisturbed run. */
  readonly exitCode: number;
  /** The exit status of a run after the work is done, if different. */
  readonly exitCodeAgain?: number;
  /** Keys that the command stores, with their trees. */
  readonly stores?: ReadonlyMap<string, string>;
  /** Keys of damaged entries, with their trees after the command has repaired them. */
  readonly repairs?: ReadonlyMap<string, string>;
  /** Keys that the command removes, with their trees. */
  readonly removes?: ReadonlyMap<string, string>;
  /** What is wrong with what the command has left outside the cache; `original` is the place before it. */
  check?(place: Place, finished: Finished, base: Base, original: Place): string[];
}
