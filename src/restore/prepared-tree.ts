import type { Placement } from "../fs/place-file.ts";
import type { Damage } from "./damage.ts";

/** A tree that was built aside. If any of it is damaged, what was built is useless. */
export interface BuiltTree {
  readonly fileCounts: Readonly<Record<Placement | "unpacked", number>>;
  readonly damage: Damage;
}

/** A tree that is ready to take its place. */
export interface PreparedTree extends BuiltTree {
  readonly unchangedCount: number;
  /**
   * Makes the destination hold the tree, in one go: signals wait. Only for a tree without damage, and if the work was not cancelled.
   * @throws a `node:fs` error
   */
  commit(): void;
  /** Removes what was built aside. To be called in any case; calling it again does nothing. */
  close(): void;
}
