import { compileMethodsLightly } from "../base/compile-lightly.ts";
import type { ObjectBlock } from "../ledger/object-block.ts";
import type { ScannedObject } from "../objects/scan-shard.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";
import { ColumnNames } from "./column-names.ts";
import { ID_WORDS } from "./file-id.ts";
import { type FileFacts, FileTable, NOT_LISTED } from "./file-table.ts";
import { ItemSpace } from "./item-space.ts";
import { measureContents } from "./measure-contents.ts";
import { emptyName, type NamedContent, type NameKind } from "./named-content.ts";
import { decodeFlags, encodeFlags, flagsOf, IS_AS_NAMED, IS_FILE, type ObjectFlags } from "./object-flags.ts";
import { kindOfName, parseFileName } from "./parse-file-name.ts";
import { PartNumbers } from "./part-numbers.ts";
import type { ContentColumns, StoredFile } from "./stored-file.ts";

/**
 * Numbers everything that entries can need, so that one plan can count references to all of it: first the contents of
 * packs, then the chunk lists of large files in packs, then objects and manifests in the order they were found. These
 * are kept in columns, 35 bytes for each, because a cache may have millions.
 */
export class Items {
  /** Items before this one are parts of packs. */
  readonly firstFile: number;
  private readonly parts: PartNumbers;
  private readonly table = new FileTable();
  private readonly space: ItemSpace;
  private hasExclusive = false;
  private readonly wanted = new ColumnNames();
  /** Reused by `addScanned`. */
  private readonly scannedName = emptyName();
  private readonly scannedFacts = { flags: 0, sizeBytes: 0, changedSeconds: 0 };

  /** @param keepsNames see `keepNames` */
  constructor(packs: PackContents, keepsNames = true) {
    this.parts = new PartNumbers(packs);
    this.firstFile = this.parts.count;
    this.space = new ItemSpace(measureContents(packs));
    if (keepsNames) this.keepNames();
  }

  get hasExclusiveObjects(): boolean {
    return this.hasExclusive;
  }

  get hasNames(): boolean {
    return this.table.hasNames;
  }

  /** Before any file is added: of objects, with the times of changes, 36 bytes for each. `fileOf` and `nameOf` need them. */
  keepNames(): void {
    this.table.keepNames();
    this.table.keepChangeTimes();
  }

  /** Before any file is added: of objects, 4 bytes for each. */
  keepChangeTimes(): void {
    this.table.keepChangeTimes();
  }

  get count(): number {
    return this.firstFile + this.table.count;
  }

  /** @param content numbered across all packs */
  itemOfContent(content: number): number {
    return content;
  }

  itemOfChunkList(pack: number, large: number): number {
    return this.parts.ofChunkList(pack, large);
  }

  itemsOfPack(pack: number): number[] {
    return this.parts.ofPack(pack);
  }

  /** The item of an object or a manifest, whose names never coincide; undefined if it was not found. */
  itemOfFile(name: string): number | undefined {
    const file = this.table.find(parseFileName(name), kindOfName(name));
    return file === NOT_LISTED ? undefined : this.firstFile + file;
  }

  /** The item of the object of a manifest's file, or NO_ITEM: `itemOfFile` without making a string. */
  itemOfObject(manifest: ContentColumns, file: number, isExclusive: boolean): number {
    const found = this.table.find(this.wanted.nameOf(manifest, file), isExclusive ? "exclusive" : "object");
    return found === NOT_LISTED ? NO_ITEM : this.firstFile + found;
  }

  /** The item of an object in a ledger, or NO_ITEM. @param last the item of the one before it, which is tried first */
  itemOfRecorded(
    { ids }: Pick<ObjectBlock, "ids">,
    object: number,
    isExclusive: boolean,
    last: number,
  ): number {
    const next = last + 1 - this.firstFile;
    const isNext = !isExclusive && this.table.hasId(next, ids, object * ID_WORDS);
    const found = isNext ? next : this.table.findId(ids, object * ID_WORDS, isExclusive);
    return found === NOT_LISTED ? NO_ITEM : this.firstFile + found;
  }

  /** Writes down an object for a ledger. */
  record(item: number, { ids, fileSizes }: Pick<ObjectBlock, "ids" | "fileSizes">, object: number): void {
    this.table.copyId(item - this.firstFile, ids, object * ID_WORDS);
    fileSizes[object] = this.sizeOf(item);
  }

  fileOf(item: number): StoredFile | undefined {
    const file = item - this.firstFile;
    if (file < 0 || file >= this.table.count) return undefined;
    const common = {
      name: this.table.nameOf(file),
      sizeBytes: this.table.sizeOf(file),
      allocatedBytes: this.space.of(item),
      changedMs: this.changedMsOf(item),
    };
    if (this.kindOf(item) === "manifest") return { kind: "manifest", ...common };
    return { kind: "object", ...common, ...this.flagsOf(item) };
  }

  nameOf(item: number): string {
    return this.table.nameOf(item - this.firstFile);
  }

  /** Of an object or a manifest. */
  kindOf(item: number): StoredFile["kind"] {
    return this.table.kindOf(item - this.firstFile) === "manifest" ? "manifest" : "object";
  }

  /** Of a manifest, or an object if times are kept; to the second, and never too early. */
  changedMsOf(item: number): number {
    return this.table.changedSecondsOf(item - this.firstFile) * 1000;
  }

  /** Whether an object is a file of this size. */
  hasSize(item: number, sizeBytes: number): boolean {
    const file = item - this.firstFile;
    return (this.table.flagsOf(file) & IS_FILE) !== 0 && this.table.sizeOf(file) === sizeBytes;
  }

  /** Whether it also has the mode and time in its name. */
  isWhole(item: number, sizeBytes: number): boolean {
    return (this.table.flagsOf(item - this.firstFile) & IS_AS_NAMED) !== 0 && this.hasSize(item, sizeBytes);
  }

  /** Of an object. */
  flagsOf(item: number): ObjectFlags {
    return decodeFlags(this.table.flagsOf(item - this.firstFile));
  }

  /** The name of the directory of objects that it is in. */
  shardOf(item: number): string {
    return this.table
      .firstByteOf(item - this.firstFile)
      .toString(16)
      .padStart(2, "0");
  }

  /** Of an object or a manifest. */
  sizeOf(item: number): number {
    return this.table.sizeOf(item - this.firstFile);
  }

  /** Makes room in advance for about this many objects and manifests in all. */
  expectFiles(count: number): void {
    this.table.expect(count);
  }

  /** @returns its item; the same if it was added before, because a directory may list a name twice */
  addFile(stored: StoredFile): number {
    const kind = kindOfName(stored.name);
    const content = parseFileName(stored.name);
    const changedSeconds = Math.max(0, Math.ceil(stored.changedMs / 1000));
    const flags = stored.kind === "object" ? encodeFlags(stored) : 0;
    const facts = { flags, sizeBytes: stored.sizeBytes, changedSeconds };
    return this.add(content, kind, facts, stored.allocatedBytes);
  }

  /** The same for an object that was found by a scan. */
  addScanned(object: Readonly<ScannedObject>): void {
    const { scannedName, scannedFacts } = this;
    scannedName.digests = object.digests;
    scannedName.permissions = object.permissions;
    scannedName.mtimeSeconds = object.mtimeSeconds;
    scannedName.mtimeNanoseconds = object.mtimeNanoseconds;
    scannedFacts.flags = flagsOf(object.isFile, object.isNewer, object.isAsNamed);
    scannedFacts.sizeBytes = object.sizeBytes;
    scannedFacts.changedSeconds = Math.max(0, object.changedSeconds);
    const kind = object.isExclusive ? "exclusive" : "object";
    this.add(scannedName, kind, scannedFacts, object.allocatedBytes);
  }

  private add(content: NamedContent, kind: NameKind, facts: FileFacts, allocatedBytes: number): number {
    const { count } = this;
    const item = this.firstFile + this.table.add(content, kind, facts);
    if (item < count) return item;
    this.space.set(item, allocatedBytes, this.firstFile + this.table.capacity);
    this.hasExclusive ||= kind === "exclusive";
    return item;
  }

  /** With their items. */
  *files(): Generator<readonly [number, StoredFile]> {
    for (let item = this.firstFile; item < this.count; item++) {
      const file = this.fileOf(item);
      if (file !== undefined) yield [item, file];
    }
  }

  /** The disk space that each takes: of a block, in proportion to its size. */
  measure(): ArrayLike<number> & Iterable<number> {
    return this.space.measure(this.count);
  }
}

/** The result of `itemOfObject` if it is not there. */
export const NO_ITEM = -1;

compileMethodsLightly(Items);
