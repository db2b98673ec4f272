import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { entryIdOf } from "../key/key-record.ts";
import { listKeyNames } from "./list-key-names.ts";
import { listTwice } from "./list-twice.ts";
import { type FoundKey, readKey } from "./read-key.ts";
import type { StoredKey } from "./stored-key.ts";

/** Keys that point to the same manifests. */
export interface KeyGroup {
  readonly manifests: readonly string[];
  readonly keys: string[];
  readonly keyFiles: string[];
  /** As the first of its keys states it. */
  readonly fileCount: number;
  lastUsedMs: number;
  keyBytes: number;
}

export interface DamagedKeyFile {
  readonly name: string;
  readonly allocatedBytes: number;
}

export interface GroupedKeys {
  readonly stored: readonly StoredKey[];
  /** By the id of their entry. */
  readonly groups: ReadonlyMap<string, KeyGroup>;
  /** Where the trees of each manifest were stored from, by its digest; empty for trees without a recorded path. */
  readonly recordedPaths: ReadonlyMap<string, ReadonlySet<string>>;
  readonly damaged: readonly DamagedKeyFile[];
  readonly unreadable: readonly { readonly name: string; readonly reason: string }[];
  readonly foreign: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * All keys of a cache.
 * @param read by default, reads each
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE
 */
export async function groupKeys(
  cache: CacheDirectory,
  pause: Pause,
  read: (name: string) => FoundKey = (name) => readKey(cache, name),
): Promise<GroupedKeys> {
  const stored: StoredKey[] = [];
  const groups = new Map<string, KeyGroup>();
  const recordedPaths = new Map<string, Set<string>>();
  const damaged: DamagedKeyFile[] = [];
  const unreadable: { name: string; reason: string }[] = [];
  const foreign: { name: string; reason: string }[] = [];
  for (const name of listTwice(() => listKeyNames(cache))) {
    const key = read(name);
    await pause();
    switch (key.kind) {
      case "read":
        stored.push({ ...key.record, lastUsedMs: mtimeMs(key.status) });
        addToGroup(groups, name, key);
        for (const { manifest, path = "" } of key.record.trees) {
          recordedPaths.set(manifest, (recordedPaths.get(manifest) ?? new Set()).add(path));
        }
        break;
      case "gone":
        break;
      case "damaged":
        damaged.push({ name, allocatedBytes: key.allocatedBytes });
        break;
      case "unreadable":
        unreadable.push({ name, reason: key.reason });
        break;
      case "foreign":
        foreign.push({ name, reason: key.reason });
        break;
    }
  }
  return { stored, groups, recordedPaths, damaged, unreadable, foreign };
}

function addToGroup(
  groups: Map<string, KeyGroup>,
  name: string,
  { record, status }: Extract<FoundKey, { kind: "read" }>,
): void {
  const id = entryIdOf(record);
  const group = groups.get(id) ?? {
    manifests: [...new Set(record.trees.map(({ manifest }) => manifest))],
    keys: [],
    keyFiles: [],
    fileCount: record.trees.reduce((sum, { fileCount }) => sum + fileCount, 0),
    lastUsedMs: Number.NEGATIVE_INFINITY,
    keyBytes: 0,
  };
  group.keys.push(record.key);
  group.keyFiles.push(name);
  group.lastUsedMs = Math.max(group.lastUsedMs, mtimeMs(status));
  group.keyBytes += status.allocatedBytes;
  groups.set(id, group);
}
