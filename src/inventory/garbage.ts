import type { SessionTrace } from "../cache/list-sessions.ts";
import type { CountFile } from "../cache/restore-counts.ts";
import { freedBytesOf } from "../fs/allocated-bytes.ts";
import type { Doubts } from "./doubts.ts";
import type { EditedPathPlan } from "./edited-path-use.ts";
import type { DamagedKeyFile } from "./group-keys.ts";

/** What can be deleted regardless of entries; none of it is an item. */
export interface Garbage {
  readonly damagedKeyFiles: readonly DamagedKeyFile[];
  /** Of dead processes. */
  readonly sessions: readonly SessionTrace[];
  readonly editedPaths: EditedPathPlan;
  readonly oldCounts: readonly CountFile[];
  readonly count: number;
  readonly bytes: number;
}

export function measureGarbage(found: Omit<Garbage, "count" | "bytes">, doubts: Doubts): Garbage {
  const { damagedKeyFiles, sessions, editedPaths, oldCounts } = found;
  const sizes = [
    ...sessions.map(
      ({ directory }) =>
        doubts.attempt("the directory of a dead process", () => freedBytesOf(directory)) ?? 0,
    ),
    ...[...damagedKeyFiles, ...editedPaths.removed, ...oldCounts].map(({ allocatedBytes }) => allocatedBytes),
  ];
  return { ...found, count: sizes.length, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
}
