import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { SessionTrace } from "../cache/list-sessions.ts";
import { statManifestFile } from "../cache/manifest-files.ts";
import { type CountFile, listOldCounts } from "../cache/restore-counts.ts";
import { freedBytesOf } from "../fs/allocated-bytes.ts";
import type { EditedPathPlan } from "./edited-path-use.ts";

export interface DamagedKeyFile {
  readonly name: string;
  readonly allocatedBytes: number;
}

/** What no entry needs, beside objects and packs. */
export interface LeftOvers {
  /** Manifests that no key points to and no store is about to publish. */
  readonly manifests: readonly string[];
  /** Key files that cannot be read as such. */
  readonly keyFiles: readonly DamagedKeyFile[];
  readonly sessions: readonly SessionTrace[];
  readonly editedPaths: EditedPathPlan;
  readonly oldCounts: readonly CountFile[];
  readonly count: number;
  readonly bytes: number;
}

/** @throws a `node:fs` error */
export function findLeftOvers(
  cache: CacheDirectory,
  found: Pick<LeftOvers, "manifests" | "keyFiles" | "sessions" | "editedPaths">,
  nowMs: number,
): LeftOvers {
  const { manifests, keyFiles, sessions, editedPaths } = found;
  const oldCounts = listOldCounts(cache, nowMs);
  const sizes = [
    ...manifests.map((digest) => statManifestFile(cache, digest)?.allocatedBytes ?? 0),
    ...sessions.map(({ directory }) => freedBytesOf(directory)),
    ...[...keyFiles, ...editedPaths.stale, ...oldCounts].map(({ allocatedBytes }) => allocatedBytes),
  ];
  return { ...found, oldCounts, count: sizes.length, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
}
