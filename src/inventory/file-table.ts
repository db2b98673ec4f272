import { compileLightly, compileMethodsLightly } from "../base/compile-lightly.ts";
import { ChangeTimes } from "./change-times.ts";
import { ID_WORDS, twinWord, writeId } from "./file-id.ts";
import { FileNames } from "./file-names.ts";
import { NAME_KINDS, type NamedContent, type NameKind } from "./named-content.ts";

/** The result of `find` for a name that is not in the table. */
export const NOT_LISTED = -1;

/** The words of a row, after those of the id. */
const SIZE_LOW = ID_WORDS;
/** Of the size, the other 21 bits; then the flags and the kind. */
const SIZE_HIGH_AND_TAG = 5;
const ROW_WORDS = 6;

const FLAG_SHIFT = 21;
const SIZE_HIGH_BITS = (1 << FLAG_SHIFT) - 1;
const KIND_SHIFT = 26;
const FLAG_BITS = (1 << (KIND_SHIFT - FLAG_SHIFT)) - 1;

/** A slot is a file's number, counted from 1. */
const EMPTY_SLOT = 0;
/** More than one per file, so that there is always an empty one, and most searches are short. */
const SLOTS_PER_FILE = 1.75;
const FIRST_CAPACITY = 1024;
const GROWTH = 1.4;
const SMALLEST_GROWTH = 1.1;
const TWO_TO_32 = 2 ** 32;

/** What belongs to a file in addition to its name. */
export interface FileFacts {
  /** Of an object; see `encodeFlags`. */
  readonly flags: number;
  readonly sizeBytes: number;
  /** Since 1970. */
  readonly changedSeconds: number;
}

/**
 * The objects and manifests of a cache, numbered in the order in which they were added: 24 bytes for each, and 7 for the
 * hash table that finds them by their ids. Names of objects take 32 bytes more, and the times of their changes 4.
 */
export class FileTable {
  // Without `at`: shared by columns of all types, it is several times slower in loops like these.
  private rows = new Int32Array(FIRST_CAPACITY * ROW_WORDS);
  private slots = new Int32Array(FIRST_CAPACITY * SLOTS_PER_FILE);
  private size = 0;
  private expectedCount = 0;
  private readonly wanted = new Int32Array(ID_WORDS);
  private readonly names = new FileNames();
  private readonly changeTimes = new ChangeTimes();

  get count(): number {
    return this.size;
  }

  get capacity(): number {
    return this.rows.length / ROW_WORDS;
  }

  get hasNames(): boolean {
    return this.names.hasObjects;
  }

  /** Of objects; call it before anything is added. */
  keepNames(): void {
    this.names.keepObjects();
    this.names.reserve(this.capacity);
  }

  /** Of objects; call it before anything is added. */
  keepChangeTimes(): void {
    this.changeTimes.keepObjects();
    this.changeTimes.reserve(this.capacity);
  }

  /** When it has to grow, it makes room for this many files in all, which takes less time than growing often. */
  expect(count: number): void {
    this.expectedCount = count;
  }

  /** @returns the number of the file; if its id is there already, of the one that has it */
  add(content: NamedContent, kind: NameKind, { flags, sizeBytes, changedSeconds }: FileFacts): number {
    if (this.size === this.capacity) this.grow(this.chooseCapacity());
    const { wanted } = this;
    writeId(content, kind, wanted);
    const slot = this.slotOf(wanted, 0);
    const known = this.slots[slot] ?? EMPTY_SLOT;
    if (known !== EMPTY_SLOT) return known - 1;
    const file = this.size;
    this.size += 1;
    this.slots[slot] = file + 1;
    const row = file * ROW_WORDS;
    const { rows } = this;
    for (let word = 0; word < ID_WORDS; word++) rows[row + word] = wanted[word] ?? 0;
    rows[row + SIZE_LOW] = sizeBytes | 0;
    rows[row + SIZE_HIGH_AND_TAG] =
      Math.floor(sizeBytes / TWO_TO_32) | (flags << FLAG_SHIFT) | (NAME_KINDS.indexOf(kind) << KIND_SHIFT);
    this.names.add(file, content, kind);
    this.changeTimes.add(file, kind, changedSeconds);
    return file;
  }

  find(content: NamedContent, kind: NameKind): number {
    writeId(content, kind, this.wanted);
    return this.findWanted();
  }

  /** @param ids words, of which the id of an object that is not exclusive starts at `first` */
  findId(ids: Int32Array, first: number, isExclusive: boolean): number {
    const { wanted } = this;
    for (let word = 0; word < ID_WORDS; word++) wanted[word] = ids[first + word] ?? 0;
    if (isExclusive) wanted[ID_WORDS - 1] = twinWord(wanted[ID_WORDS - 1] ?? 0);
    return this.findWanted();
  }

  private findWanted(): number {
    return (this.slots[this.slotOf(this.wanted, 0)] ?? EMPTY_SLOT) - 1;
  }

  /** Whether there is a file of that number, and it has this id. */
  hasId(file: number, ids: Int32Array, first: number): boolean {
    return file >= 0 && file < this.size && this.isAlike(file, ids, first);
  }

  /** Of an object: the id that it would have if it were not exclusive. */
  copyId(file: number, into: Int32Array, first: number): void {
    const row = file * ROW_WORDS;
    for (let word = 0; word < ID_WORDS; word++) into[first + word] = this.rows[row + word] ?? 0;
    const last = first + ID_WORDS - 1;
    if (this.kindOf(file) === "exclusive") into[last] = twinWord(into[last] ?? 0);
  }

  /** The first byte of its digest. */
  firstByteOf(file: number): number {
    return this.wordAt(file, 0) & 0xff;
  }

  kindOf(file: number): NameKind {
    return NAME_KINDS[this.wordAt(file, SIZE_HIGH_AND_TAG) >>> KIND_SHIFT] ?? "manifest";
  }

  flagsOf(file: number): number {
    return (this.wordAt(file, SIZE_HIGH_AND_TAG) >>> FLAG_SHIFT) & FLAG_BITS;
  }

  sizeOf(file: number): number {
    const high = this.wordAt(file, SIZE_HIGH_AND_TAG) & SIZE_HIGH_BITS;
    return high * TWO_TO_32 + (this.wordAt(file, SIZE_LOW) >>> 0);
  }

  /** @throws RangeError if it is an object, and times are not kept */
  changedSecondsOf(file: number): number {
    return this.changeTimes.of(file);
  }

  /** @throws RangeError if it is an object, and names are not kept */
  nameOf(file: number): string {
    return this.names.nameOf(file, this.kindOf(file), this.rows, file * ROW_WORDS);
  }

  private wordAt(file: number, word: number): number {
    return this.rows[file * ROW_WORDS + word] ?? 0;
  }

  /** Where an id is, or would be inserted. */
  private slotOf(ids: Int32Array, first: number): number {
    const { slots } = this;
    let slot = firstSlot(ids, first, slots.length);
    for (;;) {
      const value = slots[slot] ?? EMPTY_SLOT;
      if (value === EMPTY_SLOT || this.isAlike(value - 1, ids, first)) return slot;
      slot = slot + 1 === slots.length ? 0 : slot + 1;
    }
  }

  private isAlike(file: number, ids: Int32Array, first: number): boolean {
    const { rows } = this;
    const row = file * ROW_WORDS;
    for (let word = 0; word < ID_WORDS; word++) {
      if (rows[row + word] !== ids[first + word]) return false;
    }
    return true;
  }

  private chooseCapacity(): number {
    const isExpectationUseful = this.expectedCount > this.size * SMALLEST_GROWTH;
    return Math.ceil(isExpectationUseful ? this.expectedCount : this.size * GROWTH);
  }

  private grow(capacity: number): void {
    // What they took is free at once, not when garbage is collected: together, it would be as much again.
    const rows = new Int32Array(this.rows.buffer.transfer(capacity * ROW_WORDS * 4));
    this.names.reserve(capacity);
    this.changeTimes.reserve(capacity);
    this.slots.buffer.transfer(0);
    this.rows = rows;
    this.slots = new Int32Array(Math.ceil(capacity * SLOTS_PER_FILE));
    for (let file = 0; file < this.size; file++) this.slots[this.slotOf(rows, file * ROW_WORDS)] = file + 1;
  }
}

function firstSlot(ids: Int32Array, first: number, slotCount: number): number {
  // Objects with the same content differ in their times.
  const times = Math.imul((ids[first + 1] ?? 0) ^ (ids[first + 2] ?? 0), 0x9e3779b1);
  const hash = Math.imul((ids[first] ?? 0) ^ times, 0x85ebca6b) >>> 0;
  return Math.floor((hash / TWO_TO_32) * slotCount);
}

compileLightly(firstSlot);
compileMethodsLightly(FileTable);
