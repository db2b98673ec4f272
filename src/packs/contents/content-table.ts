import { compileLightly } from "../../base/compile-lightly.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";

/** Numbered content ids in a hash table, in memory shared between threads. */
export interface ContentTable {
  /** CONTENT_ID_WORDS each, by number. */
  readonly ids: Int32Array;
  /** See `encodeSlot`. Their number is a power of two. */
  readonly slots: Int32Array;
}

/** Ids are compared as words: byte by byte would take most of the time before a restore can write anything. */
const CONTENT_ID_WORDS = CONTENT_ID_BYTES / 4;

/** Encodes a slot: fresh memory is zero, which must mean that the slot is empty. */
const EMPTY_SLOT = 0;
const encodeSlot = (content: number): number => content + 1;
const decodeSlot = (slot: number): number => slot - 1;

/** The result of `findContent` for a content that is not in the table. */
export const NOT_FOUND = decodeSlot(EMPTY_SLOT);

/**
 * @param columns contents, 16 bytes each, numbered consecutively; of equal ones, the first is found
 * @param isUnwanted non-zero for each content that must not be found
 */
export function buildContentTable(columns: readonly Uint8Array[], isUnwanted?: Uint8Array): ContentTable {
  const sizeBytes = columns.reduce((sum, column) => sum + column.length, 0);
  const buffer = new SharedArrayBuffer(sizeBytes);
  const bytes = new Uint8Array(buffer);
  let offset = 0;
  for (const column of columns) {
    bytes.set(column, offset);
    offset += column.length;
  }
  const count = sizeBytes / CONTENT_ID_BYTES;
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(8, count * 2)));
  const table = {
    ids: new Int32Array(buffer),
    slots: new Int32Array(new SharedArrayBuffer(slotCount * 4)),
  };
  fillSlots(table, isUnwanted);
  return table;
}

function fillSlots({ ids, slots }: ContentTable, isUnwanted: Uint8Array | undefined): void {
  const count = ids.length / CONTENT_ID_WORDS;
  const mask = slots.length - 1;
  for (let content = 0; content < count; content++) {
    if (isUnwanted !== undefined && isUnwanted[content] !== 0) continue;
    const word = content * CONTENT_ID_WORDS;
    // Most slots are free: only the others are worth a call, in a loop that runs before it is compiled.
    const likely = (ids[word] ?? 0) & mask;
    if (slots[likely] === EMPTY_SLOT) {
      slots[likely] = encodeSlot(content);
      continue;
    }
    const slot = findSlot(ids, slots, ids[word], ids[word + 1], ids[word + 2], ids[word + 3]);
    if (slots[slot] === EMPTY_SLOT) slots[slot] = encodeSlot(content);
  }
}

/** The number of the content with the digest at `offset`, or NOT_FOUND. */
export function findContent({ ids, slots }: ContentTable, digest: Uint8Array, offset: number): number {
  const slot = findSlot(
    ids,
    slots,
    wordAt(digest, offset),
    wordAt(digest, offset + 4),
    wordAt(digest, offset + 8),
    wordAt(digest, offset + 12),
  );
  return decodeSlot(slots[slot] ?? EMPTY_SLOT);
}

/** The same for a digest in a column of words, whose first one is at `word`: for loops over many. */
export function lookUpContent({ ids, slots }: ContentTable, words: Int32Array, word: number): number {
  const slot = findSlot(ids, slots, words[word], words[word + 1], words[word + 2], words[word + 3]);
  return decodeSlot(slots[slot] ?? EMPTY_SLOT);
}

/** Where an id is, or would be inserted. Words are undefined only past the end of a column. */
function findSlot(
  ids: Int32Array,
  slots: Int32Array,
  first: number | undefined,
  second: number | undefined,
  third: number | undefined,
  fourth: number | undefined,
): number {
  const mask = slots.length - 1;
  for (let slot = (first ?? 0) & mask; ; slot = (slot + 1) & mask) {
    const value = slots[slot] ?? EMPTY_SLOT;
    if (value === EMPTY_SLOT) return slot;
    const word = decodeSlot(value) * CONTENT_ID_WORDS;
    const isEqual =
      ids[word] === first && ids[word + 1] === second && ids[word + 2] === third && ids[word + 3] === fourth;
    if (isEqual) return slot;
  }
}

/** The 32 bits of a digest at an offset, as all systems that btdt runs on have them in memory. */
export function wordAt(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset] ?? 0) |
    ((bytes[offset + 1] ?? 0) << 8) |
    ((bytes[offset + 2] ?? 0) << 16) |
    ((bytes[offset + 3] ?? 0) << 24)
  );
}

compileLightly(decodeSlot, encodeSlot, fillSlots, findContent, findSlot, lookUpContent, wordAt);
