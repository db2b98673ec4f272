import { compileLightly, compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { at } from "../manifest/manifest.ts";
import { formatObjectName } from "../objects/object-name.ts";

/** What a file in the cache is, as far as its name tells. */
const NAME_KINDS = ["object", "exclusive", "manifest"] as const;
export type NameKind = (typeof NAME_KINDS)[number];

/** What an object's name says: of a manifest, all but the digest is 0. */
export interface NamedContent {
  /** Of the bytes that the digest is among. */
  digests: DataView;
  /** Where the digest starts in them. */
  offset: number;
  permissions: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
}

/** The result of `find` for a name that is not in the table. */
export const NOT_LISTED = -1;

const DIGEST_WORDS = DIGEST_SIZE_BYTES / 4;

const KIND_SHIFT = 9;
const PERMISSION_BITS = (1 << KIND_SHIFT) - 1;
const FLAG_SHIFT = 11;
/** The bits of a tag that belong to the name: permissions, then the kind. */
const NAME_BITS = (1 << FLAG_SHIFT) - 1;

const EMPTY_SLOT = 0;
/** More than one per file, so that there is always an empty one, and most searches are short. */
const SLOTS_PER_FILE = 1.5;
const FIRST_CAPACITY = 1024;
const GROWTH = 1.4;

/**
 * The names of a cache's objects and manifests, numbered in the order in which they were added. A million of them are a
 * few typed arrays, 46 bytes for each, and 6 for a hash table: as strings in a map, they would take ten times as much. The
 * names are there as a whole, so two files are never mistaken for one.
 */
export class FileTable {
  private digestWords = new Int32Array(FIRST_CAPACITY * DIGEST_WORDS);
  private mtimeSeconds = new Float64Array(FIRST_CAPACITY);
  private mtimeNanoseconds = new Uint32Array(FIRST_CAPACITY);
  private tags = new Uint16Array(FIRST_CAPACITY);
  private slots = new Int32Array(FIRST_CAPACITY * SLOTS_PER_FILE);
  private size = 0;

  get count(): number {
    return this.size;
  }

  get capacity(): number {
    return this.tags.length;
  }

  /** Adds a name that is not there yet. @param flags up to 5 bits to keep with it */
  add(content: NamedContent, kind: NameKind, flags: number): number {
    if (this.size === this.tags.length) this.grow(Math.ceil(this.size * GROWTH));
    const file = this.size;
    this.size += 1;
    for (let word = 0; word < DIGEST_WORDS; word++) {
      this.digestWords[file * DIGEST_WORDS + word] = wordOf(content, word);
    }
    this.mtimeSeconds[file] = content.mtimeSeconds;
    this.mtimeNanoseconds[file] = content.mtimeNanoseconds;
    const tag = nameTag(content.permissions, kind);
    this.tags[file] = tag | (flags << FLAG_SHIFT);
    this.slots[this.slotOf(content, tag)] = file + 1;
    return file;
  }

  find(content: NamedContent, kind: NameKind): number {
    return at(this.slots, this.slotOf(content, nameTag(content.permissions, kind))) - 1;
  }

  kindOf(file: number): NameKind {
    return NAME_KINDS[(at(this.tags, file) & NAME_BITS) >>> KIND_SHIFT] ?? "manifest";
  }

  flagsOf(file: number): number {
    return at(this.tags, file) >>> FLAG_SHIFT;
  }

  nameOf(file: number): string {
    const { buffer } = this.digestWords;
    const digestHex = Buffer.from(buffer, file * DIGEST_SIZE_BYTES, DIGEST_SIZE_BYTES).toString("hex");
    const kind = this.kindOf(file);
    if (kind === "manifest") return digestHex;
    return formatObjectName({
      digestHex,
      permissions: at(this.tags, file) & PERMISSION_BITS,
      mtimeSeconds: at(this.mtimeSeconds, file),
      mtimeNanoseconds: at(this.mtimeNanoseconds, file),
      isExclusive: kind === "exclusive",
    });
  }

  /** Where a name is, or would be inserted. */
  private slotOf(content: NamedContent, tag: number): number {
    const { slots } = this;
    let slot = firstSlot(content, slots.length);
    for (;;) {
      const value = at(slots, slot);
      if (value === EMPTY_SLOT || this.isNamed(value - 1, content, tag)) return slot;
      slot = slot + 1 === slots.length ? 0 : slot + 1;
    }
  }

  private isNamed(file: number, content: NamedContent, tag: number): boolean {
    if ((at(this.tags, file) & NAME_BITS) !== tag) return false;
    if (at(this.mtimeNanoseconds, file) !== content.mtimeNanoseconds) return false;
    if (at(this.mtimeSeconds, file) !== content.mtimeSeconds) return false;
    for (let word = 0; word < DIGEST_WORDS; word++) {
      if (at(this.digestWords, file * DIGEST_WORDS + word) !== wordOf(content, word)) return false;
    }
    return true;
  }

  private grow(capacity: number): void {
    this.digestWords = extend(this.digestWords, new Int32Array(capacity * DIGEST_WORDS));
    this.mtimeSeconds = extend(this.mtimeSeconds, new Float64Array(capacity));
    this.mtimeNanoseconds = extend(this.mtimeNanoseconds, new Uint32Array(capacity));
    this.tags = extend(this.tags, new Uint16Array(capacity));
    const slots = new Int32Array(Math.ceil(capacity * SLOTS_PER_FILE));
    this.slots = slots;
    const digests = new DataView(this.digestWords.buffer);
    for (let file = 0; file < this.size; file++) {
      const nameBits = at(this.tags, file) & NAME_BITS;
      const content = {
        digests,
        offset: file * DIGEST_SIZE_BYTES,
        permissions: nameBits & PERMISSION_BITS,
        mtimeSeconds: at(this.mtimeSeconds, file),
        mtimeNanoseconds: at(this.mtimeNanoseconds, file),
      };
      this.slots[this.slotOf(content, nameBits)] = file + 1;
    }
  }
}

/** The same content is often there with many times, so that a digest alone would not spread. */
function firstSlot(content: NamedContent, slotCount: number): number {
  const time = Math.imul(content.mtimeSeconds ^ content.mtimeNanoseconds, 0x9e3779b1);
  const hash = Math.imul(wordOf(content, 0) ^ time, 0x85ebca6b) >>> 0;
  return Math.floor((hash / 2 ** 32) * slotCount);
}

function nameTag(permissions: number, kind: NameKind): number {
  return permissions | (NAME_KINDS.indexOf(kind) << KIND_SHIFT);
}

function wordOf({ digests, offset }: NamedContent, word: number): number {
  return digests.getInt32(offset + word * 4, true);
}

function extend<Column extends Int32Array | Uint32Array | Uint16Array | Float64Array>(
  column: Column,
  larger: Column,
): Column {
  larger.set(column);
  return larger;
}

compileLightly(extend, firstSlot, nameTag, wordOf);
compileMethodsLightly(FileTable);
