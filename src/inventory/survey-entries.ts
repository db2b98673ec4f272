import type { Pause } from "../base/pause.ts";
import type { Progress } from "../base/progress.ts";
import { describeEntry } from "./describe-entry.ts";
import type { Doubts } from "./doubts.ts";
import type { EntryCounter } from "./entry-counter.ts";
import type { IsPinned } from "./find-pins.ts";
import type { GroupedKeys } from "./group-keys.ts";
import type { CachedEntry } from "./inventory.ts";
import type { KnownNeeds } from "./known-needs.ts";
import type { OutlinedNeeds } from "./outlined-needs.ts";

interface Counting {
  readonly outlined: OutlinedNeeds;
  readonly known: KnownNeeds;
  readonly counter: EntryCounter;
  readonly doubts: Doubts;
  readonly progress: Progress | undefined;
  readonly pause: Pause;
}

/** Counts what the entries of all keys need, and describes them. @throws BtdtError CACHE_FORMAT_NEWER, CANCELLED */
export async function surveyEntries(
  { keys, isPinned }: { readonly keys: GroupedKeys; readonly isPinned: IsPinned },
  { outlined, known, counter, doubts, progress, pause }: Counting,
): Promise<CachedEntry[]> {
  const unread = counter.listUnread(keys);
  progress?.begin({ name: "reading", noun: "manifests", unit: "files", files: unread.length });
  // Also those that are counted already: they are read if they are evicted.
  outlined.noteSizes(keys.groups.values());
  outlined.expect(unread.filter(({ digest }) => !known.has(digest)));
  const entries: CachedEntry[] = [];
  for (const [id, group] of keys.groups) {
    const parts = await counter.add(id, group, progress, pause);
    entries.push(describeEntry(id, group, parts, keys.recordedPaths, isPinned, doubts, known));
  }
  return entries;
}
