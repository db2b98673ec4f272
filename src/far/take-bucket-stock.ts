import type { ListedObject, ObjectStore } from "../bucket/object-store.ts";
import {
  CONDEMNED_PREFIX,
  isPackId,
  KEYS_PREFIX,
  PACKS_PREFIX,
  packName,
  parseUsedName,
  USED_PREFIX,
} from "./bucket-layout.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { type FetchedRecord, fetchRecord } from "./fetch-record.ts";
import { listAll } from "./list-all.ts";

/** A key and what its record says; undefined if that is damaged. */
export interface StockedKey {
  readonly listed: ListedObject;
  readonly fileName: string;
  readonly record: BucketRecord | undefined;
  /** Of the store, or of the last use that was noted: at the end of that day. */
  readonly lastUsedMs: number;
}

/** What a bucket contains. */
export interface BucketStock {
  readonly keys: readonly StockedKey[];
  /** By id. */
  readonly packs: ReadonlyMap<string, ListedObject>;
  readonly marks: ReadonlyMap<string, ListedObject>;
  /** Notes of uses that others supersede, or whose keys are gone. */
  readonly staleNotes: readonly ListedObject[];
  /** Packs that keys need and that do not exist. */
  readonly missing: ReadonlySet<string>;
  /** The server's clock when it began to list keys. */
  readonly nowMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Requests at a time. */
const PARALLELISM = 16;

/**
 * Lists everything. Keys come last: whatever was published before `nowMs` is among them, however long the rest took.
 * @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore`
 */
export async function takeBucketStock(store: ObjectStore): Promise<BucketStock> {
  const [packs, marks, notes] = await Promise.all([
    listAll(store, PACKS_PREFIX),
    listAll(store, CONDEMNED_PREFIX),
    listAll(store, USED_PREFIX),
  ]);
  const { objects, serverMs: nowMs } = await listAll(store, KEYS_PREFIX);
  const uses = findLastUses(notes.objects);
  const names = new Set(objects.map(({ name }) => name.slice(KEYS_PREFIX.length)));
  const records = await readRecords(store, objects);
  const keys = objects.flatMap((listed, index) => {
    const read = records[index];
    if (read === undefined || read.kind === "missing") return [];
    const record = read.kind === "read" ? read.record : undefined;
    const fileName = listed.name.slice(KEYS_PREFIX.length);
    const usedMs = uses.get(fileName)?.endMs ?? 0;
    return [{ listed, fileName, record, lastUsedMs: Math.max(listed.modifiedMs, Math.min(usedMs, nowMs)) }];
  });
  const staleNotes = notes.objects.filter((note) => {
    const fileName = parseUsedName(note.name)?.fileName;
    return fileName !== undefined && (!names.has(fileName) || uses.get(fileName)?.note !== note);
  });
  const packsById = byPackId(packs.objects, PACKS_PREFIX);
  const missing = await findMissing(store, keys, packsById);
  const marksById = byPackId(marks.objects, CONDEMNED_PREFIX);
  return { keys, packs: packsById, marks: marksById, staleNotes, missing, nowMs };
}

/** A pack that was listed before it existed, or left out of the listing, is not missing. */
async function findMissing(
  store: ObjectStore,
  keys: readonly StockedKey[],
  packs: ReadonlyMap<string, ListedObject>,
): Promise<Set<string>> {
  const needed = new Set(keys.flatMap(({ record }) => record?.packs.map(({ id }) => id) ?? []));
  const unlisted = [...needed].filter((id) => !packs.has(id));
  const missing = new Set<string>();
  await forEachParallel(unlisted, async (id) => {
    const found = await store.get(packName(id), { startBytes: 0, endBytes: 1 });
    if (found.kind === "missing") missing.add(id);
  });
  return missing;
}

function byPackId(objects: readonly ListedObject[], prefix: string): Map<string, ListedObject> {
  const named = objects.map((object) => [object.name.slice(prefix.length), object] as const);
  return new Map(named.filter(([id]) => isPackId(id)));
}

interface LastUse {
  readonly note: ListedObject;
  readonly endMs: number;
}

/** By the key's file name. */
function findLastUses(notes: readonly ListedObject[]): Map<string, LastUse> {
  const uses = new Map<string, LastUse>();
  for (const note of notes) {
    const parsed = parseUsedName(note.name);
    if (parsed === undefined) continue;
    // It was used again on the same day without a note.
    const endMs = parsed.dayMs + DAY_MS - 1;
    const known = uses.get(parsed.fileName);
    if (known === undefined || known.endMs < endMs) uses.set(parsed.fileName, { note, endMs });
  }
  return uses;
}

async function readRecords(store: ObjectStore, objects: readonly ListedObject[]): Promise<FetchedRecord[]> {
  const records: FetchedRecord[] = [];
  await forEachParallel(objects, async ({ name }, index) => {
    const fileName = name.slice(KEYS_PREFIX.length);
    const read = await fetchRecord(store, fileName);
    // What a clean deletes for its damage is read twice.
    records[index] = read.kind === "damaged" ? await fetchRecord(store, fileName) : read;
  });
  return records;
}

async function forEachParallel<Item>(
  items: readonly Item[],
  act: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await act(items[index] as Item, index);
  };
  await Promise.all(Array.from({ length: PARALLELISM }, work));
}
