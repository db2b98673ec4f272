import type { ObjectProblem } from "./place-object.ts";

/** What keeps a tree from being restored, as found while building it. */
export interface Damage {
  readonly files: readonly FileDamage[];
  readonly blocks: readonly DamagedBlock[];
}

export interface FileDamage {
  readonly file: number;
  readonly problem: ObjectProblem | "damaged-in-pack";
  /** Why it is unreadable, if known. */
  readonly errno?: string;
}

interface DamagedBlock {
  readonly pack: string;
  readonly block: number;
}

export function isDamaged({ files }: Damage): boolean {
  return files.length > 0;
}

/** Whether there is anything to record in the cache. */
export function isNoteworthy({ files, blocks }: Damage): boolean {
  return files.length > 0 || blocks.length > 0;
}

/** Whether a file had an object that is useless. */
export function isBadObject({ problem }: FileDamage): boolean {
  return problem !== "missing" && problem !== "damaged-in-pack";
}
