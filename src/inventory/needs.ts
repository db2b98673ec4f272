import type { Condition } from "./condition.ts";

/** What a manifest needs, and whether that is all there. */
export interface Needs {
  /** The manifest itself, its base, and its contents. */
  readonly items: Uint32Array;
  /** False if it may need any other item as well, because it could not be read. */
  readonly isKnown: boolean;
  readonly condition: Condition;
}
