import type { Finished } from "../support/executable.ts";
import type { Base } from "./base.ts";
import type { Place } from "./place.ts";

/** One command, and what must be true whatever fails while it runs. */
export interface Scenario {
  readonly name: string;
  /** Adds to a place with the base what the command needs. */
  prepare?(place: Place): void;
  /** Trees that this brings, and keys with the tree that is stored under each. */
  readonly trees?: readonly string[];
  readonly keys?: ReadonlyMap<string, string>;
  /** There is so much to do that threads do it; without this there is one, whose calls come in the same order each time. */
  readonly usesThreads?: true;
  words(place: Place): readonly string[];
  /** Its standard output goes to this file. */
  outputFile?(place: Place): string;
  /** The exit code of an undisturbed run. */
  readonly exitCode: number;
  /** Another one for a run when the work is done already. */
  readonly exitCodeAgain?: number;
  /** Keys that the command stores, with the tree that they get. */
  readonly stores?: ReadonlyMap<string, string>;
  /** Keys of damaged entries, with the trees that they have once the command has mended them. */
  readonly repairs?: ReadonlyMap<string, string>;
  /** Keys that the command takes away, with the tree that they have. */
  readonly removes?: ReadonlyMap<string, string>;
  /** What is wrong with what the command has left beside the cache; `original` is the place as it was before. */
  check?(place: Place, finished: Finished, base: Base, original: Place): string[];
}
