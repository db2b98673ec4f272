import { compileLightly, compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { formatObjectName } from "../objects/object-name.ts";
import { DIGEST_WORDS, NAME_KINDS, type NamedContent, type NameKind, wordOf } from "./named-content.ts";

/** The result of `find` for a name that is not in the table. */
export const NOT_LISTED = -1;

/** The words of a row, side by side so that a search needs one line of the processor's cache. */
const NANOSECONDS = DIGEST_WORDS;
const SECONDS_LOW = 9;
const SECONDS_HIGH = 10;
const TAG = 11;
const SIZE_LOW = 12;
const SIZE_HIGH = 13;
const CHANGED_SECONDS = 14;
const ROW_WORDS = 16;

const KIND_SHIFT = 9;
const PERMISSION_BITS = (1 << KIND_SHIFT) - 1;
const FLAG_SHIFT = 11;
/** The bits of a tag that belong to the name: permissions, then the kind. */
const NAME_BITS = (1 << FLAG_SHIFT) - 1;

/** A slot is a file's number, counted from 1, and a word of its digest, so that most other rows need not be read. */
const SLOT_WORDS = 2;
const EMPTY_SLOT = 0;
/** More than one per file, so that there is always an empty one, and most searches are short. */
const SLOTS_PER_FILE = 1.5;
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
 * The objects and manifests of a cache, numbered in the order in which they were added: 64 bytes for each, and 12 for
 * the hash table that finds them. As strings in a map, a million of them would take several times as much. It has
 * their complete names, so two files are never mistaken for one.
 */
export class FileTable {
  // Without `at`: shared by columns of all types, it is several times slower in loops like these.
  private rows = new Int32Array(FIRST_CAPACITY * ROW_WORDS);
  private slots = new Int32Array(FIRST_CAPACITY * SLOTS_PER_FILE * SLOT_WORDS);
  private size = 0;
  private expectedCount = 0;

  get count(): number {
    return this.size;
  }

  get capacity(): number {
    return this.rows.length / ROW_WORDS;
  }

  /** When it has to grow, it makes room for so many files in all, which takes less time than to grow often. */
  expect(count: number): void {
    this.expectedCount = count;
  }

  /** @returns the number of the file; if the name is there already, of the one that has it */
  add(content: NamedContent, kind: NameKind, { flags, sizeBytes, changedSeconds }: FileFacts): number {
    if (this.size === this.capacity) this.grow(this.chooseCapacity());
    const tag = nameTag(content.permissions, kind);
    const slot = this.slotOf(content, tag);
    const known = this.slots[slot] ?? EMPTY_SLOT;
    if (known !== EMPTY_SLOT) return known - 1;
    const file = this.size;
    this.size += 1;
    const row = file * ROW_WORDS;
    const { rows } = this;
    for (let word = 0; word < DIGEST_WORDS; word++) rows[row + word] = wordOf(content, word);
    rows[row + NANOSECONDS] = content.mtimeNanoseconds;
    rows[row + SECONDS_LOW] = content.mtimeSeconds | 0;
    rows[row + SECONDS_HIGH] = Math.floor(content.mtimeSeconds / TWO_TO_32);
    rows[row + TAG] = tag | (flags << FLAG_SHIFT);
    rows[row + SIZE_LOW] = sizeBytes | 0;
    rows[row + SIZE_HIGH] = Math.floor(sizeBytes / TWO_TO_32);
    rows[row + CHANGED_SECONDS] = changedSeconds | 0;
    this.fill(slot, file, content);
    return file;
  }

  find(content: NamedContent, kind: NameKind): number {
    return (this.slots[this.slotOf(content, nameTag(content.permissions, kind))] ?? 0) - 1;
  }

  /** Whether there is a file of that number, and it has this name. */
  isNamedSo(file: number, content: NamedContent, kind: NameKind): boolean {
    return file >= 0 && file < this.size && this.isNamed(file, content, nameTag(content.permissions, kind));
  }

  kindOf(file: number): NameKind {
    return NAME_KINDS[(this.wordAt(file, TAG) & NAME_BITS) >>> KIND_SHIFT] ?? "manifest";
  }

  flagsOf(file: number): number {
    return this.wordAt(file, TAG) >>> FLAG_SHIFT;
  }

  sizeOf(file: number): number {
    return this.numberAt(file, SIZE_LOW);
  }

  changedSecondsOf(file: number): number {
    return this.wordAt(file, CHANGED_SECONDS) >>> 0;
  }

  /** The parts of its name; the digest is only valid until another file is added. */
  contentOf(file: number): NamedContent {
    return {
      digests: this.rows,
      firstWord: file * ROW_WORDS,
      permissions: this.wordAt(file, TAG) & PERMISSION_BITS,
      mtimeSeconds: this.numberAt(file, SECONDS_LOW),
      mtimeNanoseconds: this.wordAt(file, NANOSECONDS),
    };
  }

  nameOf(file: number): string {
    const start = file * ROW_WORDS * 4;
    const digestHex = Buffer.from(this.rows.buffer, start, DIGEST_SIZE_BYTES).toString("hex");
    const kind = this.kindOf(file);
    if (kind === "manifest") return digestHex;
    return formatObjectName({
      digestHex,
      permissions: this.wordAt(file, TAG) & PERMISSION_BITS,
      mtimeSeconds: this.numberAt(file, SECONDS_LOW),
      mtimeNanoseconds: this.wordAt(file, NANOSECONDS),
      isExclusive: kind === "exclusive",
    });
  }

  private wordAt(file: number, word: number): number {
    return this.rows[file * ROW_WORDS + word] ?? 0;
  }

  /** Of two words, the low one first; the result may be negative. */
  private numberAt(file: number, low: number): number {
    return this.wordAt(file, low + 1) * TWO_TO_32 + (this.wordAt(file, low) >>> 0);
  }

  /** Where a name is, or would be inserted. */
  private slotOf(content: NamedContent, tag: number): number {
    const { slots } = this;
    const check = wordOf(content, 1);
    let slot = firstSlot(content, slots.length / SLOT_WORDS) * SLOT_WORDS;
    for (;;) {
      const value = slots[slot] ?? EMPTY_SLOT;
      if (value === EMPTY_SLOT) return slot;
      if (slots[slot + 1] === check && this.isNamed(value - 1, content, tag)) return slot;
      slot = slot + SLOT_WORDS === slots.length ? 0 : slot + SLOT_WORDS;
    }
  }

  private fill(slot: number, file: number, content: NamedContent): void {
    this.slots[slot] = file + 1;
    this.slots[slot + 1] = wordOf(content, 1);
  }

  private isNamed(file: number, content: NamedContent, tag: number): boolean {
    const { rows } = this;
    const row = file * ROW_WORDS;
    for (let word = 0; word < DIGEST_WORDS; word++) {
      if (rows[row + word] !== wordOf(content, word)) return false;
    }
    return (
      ((rows[row + TAG] ?? 0) & NAME_BITS) === tag &&
      rows[row + NANOSECONDS] === content.mtimeNanoseconds &&
      rows[row + SECONDS_LOW] === (content.mtimeSeconds | 0) &&
      rows[row + SECONDS_HIGH] === Math.floor(content.mtimeSeconds / TWO_TO_32)
    );
  }

  private chooseCapacity(): number {
    const isExpectationUseful = this.expectedCount > this.size * SMALLEST_GROWTH;
    return Math.ceil(isExpectationUseful ? this.expectedCount : this.size * GROWTH);
  }

  private grow(capacity: number): void {
    // What they took is free at once, not when garbage is collected: together, it would be as much again.
    const rows = new Int32Array(this.rows.buffer.transfer(capacity * ROW_WORDS * 4));
    this.slots.buffer.transfer(0);
    this.rows = rows;
    this.slots = new Int32Array(Math.ceil(capacity * SLOTS_PER_FILE) * SLOT_WORDS);
    for (let file = 0; file < this.size; file++) {
      const content = this.contentOf(file);
      this.fill(this.slotOf(content, this.wordAt(file, TAG) & NAME_BITS), file, content);
    }
  }
}

/** Objects with the same content often differ in their times, so a hash of the digest alone would not spread them. */
function firstSlot(content: NamedContent, slotCount: number): number {
  const time = Math.imul(content.mtimeSeconds ^ content.mtimeNanoseconds, 0x9e3779b1);
  const hash = Math.imul(wordOf(content, 0) ^ time, 0x85ebca6b) >>> 0;
  return Math.floor((hash / TWO_TO_32) * slotCount);
}

function nameTag(permissions: number, kind: NameKind): number {
  return permissions | (NAME_KINDS.indexOf(kind) << KIND_SHIFT);
}

compileLightly(firstSlot, nameTag);
compileMethodsLightly(FileTable);
