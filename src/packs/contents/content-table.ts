import { compileLightly } from "../../base/compile-lightly.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";

/** Numbered content ids in a hash table, in memory shared between threads. */
export interface ContentTable {
  /** 16 bytes each, by number. */
  readonly ids: Uint8Array;
  /** See `encodeSlot`. Their number is a power of two. */
  readonly slots: Int32Array;
}

/** Encodes a slot: fresh memory is zero, which must mean that the slot is empty. */
const EMPTY_SLOT = 0;
const encodeSlot = (content: number): number => content + 1;
const decodeSlot = (slot: number): number => slot - 1;

/** The result of `findContent` for a content that is not in the table. */
export const NOT_FOUND = decodeSlot(EMPTY_SLOT);

/** @param columns contents, 16 bytes each, numbered consecutively; of equal ones, the first is found */
export function buildContentTable(
  columns: readonly Uint8Array[],
  isWanted: (content: number) => boolean = () => true,
): ContentTable {
  const sizeBytes = columns.reduce((sum, column) => sum + column.length, 0);
  const ids = new Uint8Array(new SharedArrayBuffer(sizeBytes));
  let offset = 0;
  for (const column of columns) {
    ids.set(column, offset);
    offset += column.length;
  }
  const count = sizeBytes / CONTENT_ID_BYTES;
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(8, count * 2)));
  const table = { ids, slots: new Int32Array(new SharedArrayBuffer(slotCount * 4)) };
  for (let content = 0; content < count; content++) {
    if (!isWanted(content)) continue;
    const slot = slotOf(table, ids, content * CONTENT_ID_BYTES);
    if (table.slots[slot] === EMPTY_SLOT) table.slots[slot] = encodeSlot(content);
  }
  return table;
}

/** The number of the content with the digest at `offset`, or NOT_FOUND. */
export function findContent(table: ContentTable, digest: Uint8Array, offset: number): number {
  return decodeSlot(table.slots[slotOf(table, digest, offset)] ?? EMPTY_SLOT);
}

/** Where a digest is, or would be inserted. */
function slotOf({ ids, slots }: ContentTable, digest: Uint8Array, offset: number): number {
  const mask = slots.length - 1;
  for (let slot = wordAt(digest, offset) & mask; ; slot = (slot + 1) & mask) {
    const value = slots[slot] ?? EMPTY_SLOT;
    if (value === EMPTY_SLOT || isEqual(ids, decodeSlot(value) * CONTENT_ID_BYTES, digest, offset))
      return slot;
  }
}

function isEqual(left: Uint8Array, leftOffset: number, right: Uint8Array, rightOffset: number): boolean {
  for (let index = 0; index < CONTENT_ID_BYTES; index++) {
    if (left[leftOffset + index] !== right[rightOffset + index]) return false;
  }
  return true;
}

/** The 32 bits of a digest at an offset. */
export function wordAt(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset] ?? 0) |
    ((bytes[offset + 1] ?? 0) << 8) |
    ((bytes[offset + 2] ?? 0) << 16) |
    ((bytes[offset + 3] ?? 0) << 24)
  );
}

compileLightly(buildContentTable, decodeSlot, encodeSlot, findContent, isEqual, slotOf, wordAt);
