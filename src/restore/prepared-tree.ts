import type { Placement } from "../fs/place-file.ts";
import type { Damage } from "./damage.ts";

/** A tree that was built aside. If any of it is damaged, it is useless. */
export interface BuiltTree {
  readonly fileCounts: Readonly<Record<Placement | "unpacked", number>>;
  /** Files whose objects had other attributes, or were missing, and were made whole from what the cache still has. */
  readonly mendedCount: number;
  readonly damage: Damage;
}

/** A tree that is ready to be moved into place. */
export interface PreparedTree extends BuiltTree {
  readonly unchangedCount: number;
  /**
   * Moves the tree into place, in one go: signals wait. Only for a tree without damage, and if the work was not
   * cancelled.
   * @throws a `node:fs` error
   */
  commit(): void;
  /** Removes what was built aside. Call it in any case; calling it again does nothing. */
  close(): void;
}
