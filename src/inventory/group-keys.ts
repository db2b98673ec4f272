import { isBtdtError } from "../base/errors.ts";
import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readKeyFile } from "../cache/key-files.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { decodeKeyFile, entryIdOf, type KeyRecord } from "../key/key-file.ts";
import { listKeyNames } from "./list-key-names.ts";
import { listTwice } from "./list-twice.ts";
import type { StoredKey } from "./stored-key.ts";

/** Keys that point to the same manifests. */
export interface KeyGroup {
  readonly manifests: readonly string[];
  readonly keys: string[];
  readonly keyFiles: string[];
  lastUsedMs: number;
  keyBytes: number;
}

type ReadKey =
  | {
      readonly kind: "read";
      readonly record: KeyRecord;
      readonly usedMs: number;
      readonly allocatedBytes: number;
    }
  /** Deleted since it was listed. */
  | { readonly kind: "gone" }
  /** It was read, and is not a key. */
  | { readonly kind: "damaged"; readonly allocatedBytes: number }
  /** It may be a key. */
  | { readonly kind: "unreadable"; readonly reason: string }
  /** Such as a directory: not a key, and not ours to delete. */
  | { readonly kind: "foreign"; readonly reason: string };

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
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE
 */
export async function groupKeys(cache: CacheDirectory, pause: Pause): Promise<GroupedKeys> {
  const stored: StoredKey[] = [];
  const groups = new Map<string, KeyGroup>();
  const recordedPaths = new Map<string, Set<string>>();
  const damaged: DamagedKeyFile[] = [];
  const unreadable: { name: string; reason: string }[] = [];
  const foreign: { name: string; reason: string }[] = [];
  for (const name of listTwice(() => listKeyNames(cache))) {
    const read = readKey(cache, name);
    await pause();
    switch (read.kind) {
      case "read":
        stored.push({ ...read.record, lastUsedMs: read.usedMs });
        addToGroup(groups, name, read);
        for (const { manifest, path = "" } of read.record.trees) {
          recordedPaths.set(manifest, (recordedPaths.get(manifest) ?? new Set()).add(path));
        }
        break;
      case "gone":
        break;
      case "damaged":
        damaged.push({ name, allocatedBytes: read.allocatedBytes });
        break;
      case "unreadable":
        unreadable.push({ name, reason: read.reason });
        break;
      case "foreign":
        foreign.push({ name, reason: read.reason });
        break;
    }
  }
  return { stored, groups, recordedPaths, damaged, unreadable, foreign };
}

function readKey(cache: CacheDirectory, name: string): ReadKey {
  let allocatedBytes = 0;
  try {
    const keyFile = readKeyFile(cache, name);
    if (keyFile === undefined) return { kind: "gone" };
    ({ allocatedBytes } = keyFile.status);
    const record = decodeKeyFile(keyFile.bytes, name);
    return { kind: "read", record, usedMs: mtimeMs(keyFile.status), allocatedBytes };
  } catch (error) {
    if (isBtdtError(error, "KEY_DAMAGED")) return { kind: "damaged", allocatedBytes };
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { kind: errno === "EFTYPE" ? "foreign" : "unreadable", reason: reasonOf(error) };
  }
}

function addToGroup(
  groups: Map<string, KeyGroup>,
  name: string,
  { record, usedMs, allocatedBytes }: Extract<ReadKey, { kind: "read" }>,
): void {
  const id = entryIdOf(record);
  const group = groups.get(id) ?? {
    manifests: [...new Set(record.trees.map(({ manifest }) => manifest))],
    keys: [],
    keyFiles: [],
    lastUsedMs: Number.NEGATIVE_INFINITY,
    keyBytes: 0,
  };
  group.keys.push(record.key);
  group.keyFiles.push(name);
  group.lastUsedMs = Math.max(group.lastUsedMs, usedMs);
  group.keyBytes += allocatedBytes;
  groups.set(id, group);
}
